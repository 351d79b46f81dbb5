"""The HTTP server: the catalogue's verbs, made to be exposed.

    settings   every limit, in one place          app        the parts put together
    protocol   connections that stall are cut     guard      who may, and how often
    body       how much, how slowly               keys       who is who
    watch      logs, metrics, headers             errors     problems as JSON
    pool       bounded work, fair to all clients  shelf      the items, listed fast
    forms      uploads, never by name             pictures   what answers show
    ask, stages, items, bulk, corrections, duplicates, site: the routes

Needs the extra ``obverse[server]``. A file of routes knows its own verbs only.
"""
