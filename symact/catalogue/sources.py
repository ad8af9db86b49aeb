"""Pages of frameworks that define an activation where no paper does."""

from symact.activations import Source


def pytorch(function: str) -> Source:
    """Return the documentation page of a function, such as ``"nn.functional.relu6"`` or ``"special.ndtr"``.

    >>> pytorch("square").reference
    'https://docs.pytorch.org/docs/stable/generated/torch.square.html'
    """
    page = "special.html" if function.startswith("special.") else f"generated/torch.{function}.html"
    return Source("PyTorch", 2025, f"torch.{function}", f"https://docs.pytorch.org/docs/stable/{page}")


def jax(function: str) -> Source:
    """Return the documentation page of a function of jax.nn.

    >>> str(jax("sparse_plus")).split(", ")[1]
    'jax.nn.sparse_plus'
    """
    page = f"https://docs.jax.dev/en/latest/_autosummary/jax.nn.{function}.html"
    return Source("JAX", 2025, f"jax.nn.{function}", page)


def onnx(operator: str) -> Source:
    """Return the documentation page of an operator of ONNX.

    >>> onnx("Exp").reference
    'https://onnx.ai/onnx/operators/onnx__Exp.html'
    """
    return Source(
        "ONNX", 2025, f"operator {operator}", f"https://onnx.ai/onnx/operators/onnx__{operator}.html"
    )
