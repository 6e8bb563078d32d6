"""Subscriptions: changes of the graph, and counts that reach a number, told to whoever asked.

`socket.py` speaks graphql-transport-ws with one client and `stream.py` tells one of them by Server-Sent Events.
`follower.py` follows the graph's notes of changes for the whole hub and checks each open operation again, `delivery.py`
is the way of one delivery to its record, `as_query.py` makes the query that a delivery is, and `alert.py` compares
counts with the number of an alert. It may import the rooms `request`, `graph` and `home`. Begin with `socket.py`.
"""
