"""Files to send as documents, the forms they are sent in, and what is stored of them."""

import hashlib
import io
import socket
import zipfile

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000")
JPEG = bytes.fromhex("ffd8ffe000104a46494600010101004800480000ffdb0043") + bytes(100)
DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT_TYPE = "application/vnd.oasis.opendocument.text"
CHUNK = 64 * 1024
MOST = 10 * 1024 * 1024
FORM = "multipart/form-data; boundary=curl-boundary-0123"


def pdf(size, seed=b"x"):
    """A file that begins like a PDF; every part of it is different."""
    out = bytearray(PDF)
    n = 0
    while len(out) < size:
        out += hashlib.sha256(seed + n.to_bytes(8, "big")).digest()
        n += 1
    return bytes(out[:size])


def docx():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>')
        file.writestr("_rels/.rels", "<Relationships/>")
        file.writestr("word/document.xml", "<w:document/>")
    return out.getvalue()


def odt():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        file.writestr("mimetype", ODT_TYPE)
        file.writestr("content.xml", "<office:document-content/>")
    return out.getvalue()


def form(*parts, boundary=b"curl-boundary-0123", close=True):
    """(name, filename or None, content) each."""
    out = b""
    for name, filename, content in parts:
        out += b"--" + boundary + b'\r\nContent-Disposition: form-data; name="' + name.encode() + b'"'
        if filename is not None:
            out += b'; filename="' + filename.encode() + b'"\r\nContent-Type: application/octet-stream'
        out += b"\r\n\r\n" + content + b"\r\n"
    return out + b"--" + boundary + (b"--\r\n" if close else b"")


def store(candidate, content, name="cv.pdf", type="application/pdf", **headers):
    return candidate.client.request("POST", "/v1/documents", body=content, params=name and {"name": name},
                                    headers={"Content-Type": type, **headers})


def content(client, document_id, **headers):
    return client.get(f"/v1/documents/{document_id}/content", headers=headers)


def send_in_pieces(server, candidate, target, body):
    """A form, seven bytes at a time, however the network cuts them up; the whole answer."""
    head = (f"POST {target} HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {candidate.token}\r\n"
            f"Content-Type: {FORM}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n").encode()
    with socket.create_connection((server.host, server.port), timeout=20) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(head)
        for i in range(0, len(body), 7):
            sock.sendall(body[i : i + 7])
        return b"".join(iter(lambda: sock.recv(65536), b""))


def documents_of(database, candidate):
    """How many there are."""
    return database.value("select count(*) from documents where candidate_id = %s", candidate.id)
