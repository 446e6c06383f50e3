package engine

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"github.com/google/uuid"
)

// An API key consists of letters and digits, so that a double click selects all of it:
//
//	infin8_ organization _ prefix secret checksum
//
// Each part is in base32 without capitals. The organization lets the query of the key name a tenant like every other
// query; the query finds the key by its prefix. The secret has 160 random bits. The checksum, CRC-32 of all before it,
// distinguishes a mistyped key from a forged one without the database.
const (
	keyMark       = "infin8_"
	prefixBytes   = 5
	secretBytes   = 20
	checksumBytes = 4

	organizationLetters = 26 // 16 bytes
	prefixLetters       = 8
	checksumLetters     = 7
	keyLetters          = len(keyMark) + organizationLetters + 1 + prefixLetters + 32 + checksumLetters
)

var keyLetterSet = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// apiKeyText is an API key as its owner has it.
type apiKeyText struct {
	organization uuid.UUID
	prefix       string
	text         string
}

// digest returns the stored form of the key. The secret is random, so one SHA-256 is enough.
func (k apiKeyText) digest() []byte {
	sum := sha256.Sum256([]byte(k.text))
	return sum[:]
}

// newAPIKeyText makes a key of an organization.
func newAPIKeyText(organization uuid.UUID, random io.Reader) (apiKeyText, error) {
	var chance [prefixBytes + secretBytes]byte
	if _, err := io.ReadFull(random, chance[:]); err != nil {
		return apiKeyText{}, fmt.Errorf("read random bytes: %w", err)
	}
	prefix := keyLetterSet.EncodeToString(chance[:prefixBytes])
	text := keyMark + keyLetterSet.EncodeToString(organization[:]) + "_" + prefix +
		keyLetterSet.EncodeToString(chance[prefixBytes:])
	return apiKeyText{organization, prefix, text + keyChecksum(text)}, nil
}

func keyChecksum(text string) string {
	var sum [checksumBytes]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(text)))
	return keyLetterSet.EncodeToString(sum[:])
}

var errMistyped = errors.New("the API key is mistyped")

// readAPIKeyText reads a key. The error repeats nothing of it.
func readAPIKeyText(text string) (apiKeyText, error) {
	body, marked := strings.CutPrefix(text, keyMark)
	if !marked || len(text) != keyLetters || body[organizationLetters] != '_' {
		return apiKeyText{}, errMistyped
	}
	unsigned := text[:len(text)-checksumLetters]
	if keyChecksum(unsigned) != text[len(unsigned):] {
		return apiKeyText{}, errMistyped
	}
	organization, err := keyLetterSet.DecodeString(body[:organizationLetters])
	if err != nil {
		return apiKeyText{}, errMistyped
	}
	id, err := uuid.FromBytes(organization)
	if err != nil {
		return apiKeyText{}, errMistyped
	}
	return apiKeyText{id, body[organizationLetters+1:][:prefixLetters], text}, nil
}
