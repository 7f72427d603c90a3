"""One module a vendor, named by the provider's id, each with its double as `VENDOR`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from vidgen_pipeline.sandbox.vendor import Vendor


def all_vendors() -> list[Vendor]:
    """Every vendor's double."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    return [module.VENDOR for module in modules if hasattr(module, "VENDOR")]
