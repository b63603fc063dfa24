"""Words that a mutation may put into a file, by kind of file."""

TEXT_WORDS = (
    *(b'../../etc/passwd', b'/abs/x', b'a\\b', b'\xef\xbb\xbf', b'\xff\xfe'),
    *(b'\r', b'\r\n', b'\n\n', b'\0', b'\x1b', b'\xe2\x80\xa8', b'.jpg'),
    *(b'"', b',', b';', b'nan', b'-1', b'1e999', b'9' * 400, b'x' * 300),
    *('ü'.encode(), 'u\u0308'.encode()),
)
XML_WORDS = (
    *TEXT_WORDS,
    b'<!DOCTYPE a [<!ENTITY x "y">]>',
    b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">',
    b'<!ENTITY % x SYSTEM "file:///etc/passwd">',
    *(b'&x;', b'&#0;'),
    b'<?xml version="1.0" encoding="utf-7"?>',
    b'<?xml version="1.0" encoding="none"?>',
    *(b'<object>', b'</object>', b'<name/>', b'<![CDATA[', b'<a>' * 200),
)
JSON_WORDS = (
    *TEXT_WORDS,
    *(b'[' * 3000, b'{', b'}', b'null', b'true', b'NaN', b'Infinity'),
    *(b'1e999', b'"\\ud800"', b'[]', b'{}', b'3'),
)
BINARY_WORDS = (b'\xff' * 4, b'\0' * 4, b'\x7f\xff\xff\xff', b'\xff\xd9')
