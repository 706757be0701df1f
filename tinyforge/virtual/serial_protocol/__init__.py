"""pyserial looks here for ``protocol_virtual``, the handler of ``virtual://`` (see pyserial's "URL Handlers")."""
