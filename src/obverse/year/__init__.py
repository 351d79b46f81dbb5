"""Which year is on it? Text found and read by a general recogniser, asked for possible years only.

``reader`` is the stage; ``ocr`` runs the two networks, ``ctc`` and ``spots`` make numbers of what
they say, ``calendars`` knows which numbers an item may show.
"""
