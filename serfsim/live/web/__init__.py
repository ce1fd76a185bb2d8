"""The page of a running simulation: what it shows, what it may do, and who may ask.

control_room   what is done by hand, as entries of a scenario that repeats it exactly
ending         the digest of the run so far, which goes on
feed           the tables that a page is sent, in pieces as the run grows
guard          the requests that are answered: hosts, origins, tokens
app            the addresses of the page and what they answer
server         the page's server, in the event loop of the simulation

It needs the packages starlette and uvicorn: `pip install 'serfsim[web]'`.
"""

__all__ = ["app", "control_room", "ending", "feed", "guard", "server"]
