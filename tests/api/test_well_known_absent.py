"""Without a contact there is no security.txt; links without a known address of the server are relative."""


def test_without_options(api):
    api.get("/.well-known/security.txt").expect(404, "not_found")
    (links,) = api.get("/.well-known/api-catalog").expect(200).json["linkset"]
    assert links["anchor"] == "/v1" and links["service-doc"][0]["href"] == "/docs"
