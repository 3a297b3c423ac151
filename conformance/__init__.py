"""What PyTorch and TensorFlow must agree on, and the tests that say so."""
