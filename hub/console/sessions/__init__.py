"""Who is signed in to the console, in the version store, and what a change has to bring with its session."""
