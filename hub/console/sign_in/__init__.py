"""The pages by which a person comes and goes: the sign-in at the OpenID provider, and their sessions."""
