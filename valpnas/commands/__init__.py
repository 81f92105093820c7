"""Commands of the program, a function each; what they need is imported when they run, so that --help is quick."""
