"""Chinese free text: what in it is personal, said as spans, and how a text is shown without them."""
