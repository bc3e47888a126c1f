"""RELAX NG, as far as libvirt's schemas use it: what may stand where, asked step by step through a document.

libxml2 says yes or no to a whole document, hardly where and why, and nothing about one that is half written.
"""
