"""Data sets made larger by turned and changed copies."""
