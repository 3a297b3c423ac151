"""What the report says of cases: every source that it names is there, and layers are named with their conversion."""

from conformance.catalogue import catalogue
from conformance.weights import LAYERS, layout
from reports.described import described

FUNCTIONS: dict[str, str] = {}
CASES = {c.name: described(area, c, FUNCTIONS) for area, cases in catalogue().items() for c in cases}


def test_a_case_names_its_reference_first_and_then_what_that_calls() -> None:
    gelu = CASES["gelu"]
    assert [key.partition("-")[0] for key in gelu.reference[:2]] == ["gelu", "gelu_vjp"]
    assert "erfc" in [key.partition("-")[0] for key in gelu.reference]
    assert FUNCTIONS[gelu.reference[0]].startswith("def gelu(x: Array)")
    assert gelu.summary.startswith("x Phi(x)")


def test_every_source_that_is_named_is_there_once() -> None:
    named = {key for c in CASES.values() for key in (*c.reference, *c.helpers)}
    assert named == set(FUNCTIONS)
    assert len(set(FUNCTIONS.values())) == len(FUNCTIONS)
    assert sum(bool(c.reference) for c in CASES.values()) > 0.9 * len(CASES)
    assert not any(c.summary.startswith("partial(") for c in CASES.values())


def test_layers_come_with_their_conversion() -> None:
    assert CASES["lstm"].conversion == {"LSTM": layout("LSTM")}
    assert "np.transpose(w, (3, 2, 0, 1))" in CASES["conv2d"].conversion["Conv2D"]
    assert CASES["gelu"].conversion == {}
    assert all(layout(layer) for layer in LAYERS)
