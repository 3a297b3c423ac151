"""Recurrent layers."""

from conformance.catalogue.recurrent_gru import CASES as GRU
from conformance.catalogue.recurrent_lstm import CASES as LSTM
from conformance.catalogue.recurrent_simple import CASES as SIMPLE
from conformance.catalogue.recurrent_wrapped import CASES as WRAPPED

CASES = (*SIMPLE, *LSTM, *GRU, *WRAPPED)
