"""The HTTP server: the catalogue's verbs, made to be exposed.

    run        uvicorn with our limits            listening  where, and the addresses to open
    protocol   connections that stall are cut
    tls        https without a proxy              door       its connections, counted and timed
    app        the parts put together             settings   every limit, in one place
    watch      logs, metrics, headers             body       how much, how slowly
    guard      who may, and how often             keys       who is who
    state      what all routes share              pool       bounded work, fair to all clients
    forms      uploads, never by name             shelf      the items, listed fast
    album      their pictures, a page at a time
    show       what an answer shows               pictures   kept for some minutes
    describe   OpenAPI                            listing    the same for people
    errors     problems as JSON                   jobs       work that takes minutes
    ask, stages, words, items, views, changes, bulk, corrections, duplicates, site: the routes

Needs the extra ``obverse[server]``. A file of routes knows its own verbs.
"""
