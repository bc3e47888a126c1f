"""How we talk to libvirt: the only importer of libvirt, the only owner of its threads; async functions out."""
