"""Lstsq by its default driver gives LAPACK an array that is not initialized."""

import torch

torch.manual_seed(0)
columns = torch.randn(6, 5, 1, dtype=torch.float64) * torch.tensor([1e-20, 1.0, 1.0], dtype=torch.float64)
matrix = torch.cat([columns, torch.randn(6, 5, 1, dtype=torch.float64)], -1)
right = torch.ones(6, 5, 1, dtype=torch.float64)
ranks = {driver: torch.linalg.lstsq(matrix, right, driver=driver).rank.tolist() for driver in ("gelsd", "gelsy")}
print("ranks of all but the first: expected", ranks["gelsd"][1:])
print("                            actual  ", ranks["gelsy"][1:])
raise SystemExit(ranks["gelsd"][1:] != ranks["gelsy"][1:])
