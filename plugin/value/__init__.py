"""The value room: purchase histories in, predictions out. Pure: no store, network, clock or environment.

Start reading at `histories` (what a customer's past is reduced to), `choose` (which model fits), `process`
(what a model says) and `section` (how a fit is kept in the parameters record and turned into predictions).
"""
