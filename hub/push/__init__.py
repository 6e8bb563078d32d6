"""Deliveries: events that departments' systems push to the hub, as CloudEvents 1.0 over HTTP.

`endpoint.py` is the way of one delivery from socket to socket, `cloud_events.py` reads its events, `deliveries.py`
takes them to the graph, and `event_write.py` is their one transaction. It may import the rooms `ingest`, `request`,
`graph` and `home`, and the packages `connectors`, `audit` and `schema`. Begin with `endpoint.py`.
"""
