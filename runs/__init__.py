"""The run files that ship with valpnas: one TOML file per search, named on the command line without its suffix."""
