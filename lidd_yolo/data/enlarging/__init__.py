"""Offline enlargement: changed copies of pictures, their labels worked out anew from the shapes."""
