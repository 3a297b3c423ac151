"""torch.compile for any shape cannot differentiate bicubic interpolation with antialias."""

import torch


def resized(x: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.interpolate(x, size=(5, 7), mode="bicubic", antialias=True)


x = torch.ones(2, 3, 4, 2, requires_grad=True)
print("expected a result of shape (2, 3, 5, 7)")
try:
    y = torch.compile(resized, backend="aot_eager", dynamic=True)(x)
    print("actual   a result of shape", tuple(y.shape))
except Exception as error:
    print(f"actual   {type(error).__name__}: {str(error).splitlines()[1][:60]}")
    raise SystemExit(1) from None
