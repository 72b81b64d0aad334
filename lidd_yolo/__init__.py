"""LIDD-Net and WLNet: small networks for surface defects, on the stock Ultralytics command."""

__version__ = "0.1.0"
