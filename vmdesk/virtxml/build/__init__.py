"""From a wish to the XML of a domain: what suits system and host is chosen, what the person said is kept.

`platform` says on what it runs, `choose` decides the rest with reasons, `checks` find what cannot be, `definitions`
write it.
"""
