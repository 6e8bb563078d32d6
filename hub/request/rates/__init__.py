"""How much an application and each of its persons may ask for: the price of an operation, and who has what left.

Begin with `price.py` and `rates.py`. May import the ground, `hub/buckets.py`, `hub/home`, `policies` and the measure
of cost in `hub/request`.
"""
