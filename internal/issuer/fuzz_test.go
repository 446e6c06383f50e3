package issuer

import "testing"

// FuzzKeys reads any set of keys. Each that is kept can be used for one of the algorithms, which it is kept for.
func FuzzKeys(f *testing.F) {
	for _, text := range []string{
		`{"keys": []}`, `{"keys": [{"kty": "oct", "k": "AAAA"}, {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, 1, null, {}]}`,
		`{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "a"}]}`,
		`{"keys": [{"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
			"y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", "use": "sig", "key_ops": ["verify"], "alg": "ES256"}]}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := readKeys(text, Algorithms())
		if (len(keys) > 0) == (err != nil) || len(keys) > maxKeys {
			t.Errorf("got %d keys and %v", len(keys), err)
		}
		for _, k := range keys {
			if len(k.algorithms) == 0 || !k.fits(k.algorithms[0], "") || k.fits("HS256", "") || k.fits("none", "") {
				t.Errorf("a key is kept for %q", k.algorithms)
			}
		}
	})
}
