"""What comes after a search of cells: selection of cell and macro-architecture, final training (POPNASv3 3.4)."""
