"""Subscriptions: changes of the graph that are told to those who asked for them, over a WebSocket.

`socket.py` speaks graphql-transport-ws with one client, `follower.py` follows the graph's notes of changes for the
whole hub and checks each open operation again, `delivery.py` is the way of one delivery to its record, and
`as_query.py` makes the query that a delivery is. It may import the rooms `request`, `graph` and `home`. Begin with
`socket.py`.
"""
