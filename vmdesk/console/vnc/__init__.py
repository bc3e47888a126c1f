"""RFB 3.8 (VNC), with QEMU's extensions. https://github.com/rfbproto/rfbproto"""
