"""What may be seen: the policy language, decisions, masks, obligations, and the store of policy versions.

Lives here: the loader of policy files (`language.py`), the decision (`decide.py`), masks (`masking.py`), the version
store (`store.py`), `policy check` and `policy diff` in `review/`, and free text in `text/`. It may import `schema` and
no other package of ours. All of it is pure but for reading policy files and the version store. Begin reading with
`model.py`, then `language.py` and `decide.py`.
"""
