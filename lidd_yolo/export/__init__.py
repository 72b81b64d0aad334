"""Export with a parity certificate: proof on real pictures that an exported file computes what was trained."""
