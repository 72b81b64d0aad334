"""Files in eight bits: calibration, quantisation, check."""
