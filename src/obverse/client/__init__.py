"""A served catalogue (``obverse serve``) asked and changed from Python, with a catalogue's verbs.

client     the verbs
sending    many photos, a few at a time
answers    what comes back
wire       requests and their errors, by the standard library's HTTP

client = obverse.Client("http://192.168.1.20:8765", key="obv_…")
answer = client.identify("photo.jpg")
"""

from obverse.client.client import Client

__all__ = ["Client"]
