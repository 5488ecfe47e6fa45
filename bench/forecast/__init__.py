"""How well the demand of a region is foretold an hour ahead, on days that nothing was fitted to."""
