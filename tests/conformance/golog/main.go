// Golog holds a log against other people's software: golang.org/x/mod/sumdb and transparency-dev.
//
//	golog HOST:PORT[/PREFIX] VERIFIER-KEY < cases.jsonl
//
// It reads /checkpoint below the prefix, and /tile/… as C2SP tlog-tiles says. Each line of its input is a case, each line
// of its output says whether it holds: {"ok": true} or {"ok": false, "why": "…"}. Nothing here is shared with
// the project: what a hash, a proof, a tile or a note is, those libraries say.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strings"
	"time"

	format "github.com/transparency-dev/formats/log"
	proofs "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

// A testCase is one question about the log.
type testCase struct {
	Kind   string   `json:"kind"`
	Index  int64    `json:"index"`
	Record []byte   `json:"record"`
	Old    int64    `json:"old"`
	Root   []byte   `json:"root"`
	Proof  [][]byte `json:"proof"`
	Key    string   `json:"key"`
	Text   string   `json:"text"`
	Note   []byte   `json:"note"`
	Leaves [][]byte `json:"leaves"`
	Size   uint64   `json:"size"`
	Leaf   []byte   `json:"leaf"`
	File   []byte   `json:"file"`
}

type answer struct {
	OK  bool   `json:"ok"`
	Why string `json:"why,omitempty"`
}

// A remote is the log as it is served.
type remote struct {
	host string
	path string
	key  string
	tree tlog.Tree
}

// get speaks HTTP/1.0 by itself: net/http would take half of the time that it takes to build this program.
func (r *remote) get(path string) ([]byte, error) {
	connection, err := net.DialTimeout("tcp", r.host, time.Minute)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(connection, "GET /%s HTTP/1.0\r\nHost: %s\r\n\r\n", r.path+path, r.host); err != nil {
		return nil, err
	}
	body := bufio.NewReader(connection)
	answer := textproto.NewReader(body)
	status, err := answer.ReadLine()
	if err != nil {
		return nil, err
	}
	if words := strings.Fields(status); len(words) < 2 || words[1] != "200" {
		return nil, fmt.Errorf("%s: %s", path, status)
	}
	if _, err := answer.ReadMIMEHeader(); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(body, 1<<20))
}

// open reads the checkpoint, and keeps size and root if it is signed.
func (r *remote) open() error {
	read, err := r.get("checkpoint")
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(r.key)
	if err != nil {
		return err
	}
	opened, err := note.Open(read, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	var checkpoint format.Checkpoint
	rest, err := checkpoint.Unmarshal([]byte(opened.Text))
	if err != nil {
		return err
	}
	if len(rest) != 0 || checkpoint.Origin != verifier.Name() || string(checkpoint.Marshal()) != opened.Text {
		return errors.New("not the checkpoint of this log")
	}
	// ParseCheckpoint of the same library opens and compares all at once.
	parsed, _, _, err := format.ParseCheckpoint(read, verifier.Name(), verifier)
	if err != nil {
		return err
	}
	if parsed.Size != checkpoint.Size || !bytes.Equal(parsed.Hash, checkpoint.Hash) {
		return errors.New("two readings of one checkpoint")
	}
	r.tree.N = int64(checkpoint.Size)
	r.tree.Hash, err = hash(checkpoint.Hash)
	return err
}

func (r *remote) Height() int { return tileHeight }

func (r *remote) SaveTiles([]tlog.Tile, [][]byte) {}

func (r *remote) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range tiles {
		// C2SP leaves the height out of the path, which is always 8.
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1)
		data, err := r.get(path)
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s: %d bytes", path, len(data))
		}
		read = append(read, data)
	}
	return read, nil
}

// tiles reads each leaf hash through tiles that are held against the root, and each record is the one it should be.
func (r *remote) tiles(c testCase) error {
	reader := tlog.TileHashReader(r.tree, r)
	root, err := tlog.TreeHash(r.tree.N, reader)
	if err != nil {
		return err
	}
	if root != r.tree.Hash {
		return errors.New("the tiles have another root")
	}
	if r.tree.N == 0 {
		// The reader of tiles has nothing to hold against an empty tree's root, and panics.
		return nil
	}
	indexes := make([]int64, r.tree.N)
	for n := range indexes {
		indexes[n] = tlog.StoredHashIndex(0, int64(n))
	}
	hashes, err := reader.ReadHashes(indexes)
	if err != nil {
		return err
	}
	for n, each := range hashes {
		expected := tlog.RecordHash([]byte(fmt.Sprintf("record %d", n)))
		if n < len(c.Leaves) {
			expected = tlog.Hash(c.Leaves[n])
		}
		if each != expected {
			return fmt.Errorf("record %d has another hash", n)
		}
	}
	return nil
}

// record holds an inclusion proof against two implementations of its check and one of its making.
func (r *remote) record(c testCase) error {
	path, err := hashes(c.Proof)
	if err != nil {
		return err
	}
	leaf := tlog.RecordHash(c.Record)
	if err := tlog.CheckRecord(path, r.tree.N, r.tree.Hash, c.Index, leaf); err != nil {
		return err
	}
	err = proof.VerifyInclusion(
		rfc6962.DefaultHasher, uint64(c.Index), uint64(r.tree.N), leaf[:], c.Proof, r.tree.Hash[:])
	if err != nil {
		return err
	}
	made, err := tlog.ProveRecord(r.tree.N, c.Index, tlog.TileHashReader(r.tree, r))
	if err != nil {
		return err
	}
	return same(made, path)
}

// consistent holds a consistency proof against two implementations of its check and one of its making.
func (r *remote) consistent(c testCase) error {
	path, err := hashes(c.Proof)
	if err != nil {
		return err
	}
	root, err := hash(c.Root)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(path, r.tree.N, r.tree.Hash, c.Old, root); err != nil {
		return err
	}
	err = proof.VerifyConsistency(
		rfc6962.DefaultHasher, uint64(c.Old), uint64(r.tree.N), c.Proof, c.Root, r.tree.Hash[:])
	if err != nil {
		return err
	}
	made, err := tlog.ProveTree(r.tree.N, c.Old, tlog.TileHashReader(r.tree, r))
	if err != nil {
		return err
	}
	return same(made, path)
}

// included checks a proof against the root that is given, not that of the log.
func included(c testCase) error {
	return proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(c.Index), c.Size, c.Leaf, c.Proof, c.Root)
}

// grown does so with the roots of two trees; the newer one stands as leaf.
func grown(c testCase) error {
	return proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(c.Old), c.Size, c.Proof, c.Root, c.Leaf)
}

// proofFile reads a tlog-proof, which must be written as that library writes it, and holds it against its checkpoint.
func (r *remote) proofFile(c testCase) error {
	var read proofs.TLogProof
	if err := read.Unmarshal(c.File); err != nil {
		return err
	}
	if !bytes.Equal(read.Marshal(), c.File) {
		return errors.New("two spellings of one proof")
	}
	verifier, err := note.NewVerifier(r.key)
	if err != nil {
		return err
	}
	checkpoint, _, _, err := format.ParseCheckpoint(read.Checkpoint, verifier.Name(), verifier)
	if err != nil {
		return err
	}
	var path [][]byte
	for _, each := range read.Hashes {
		path = append(path, each[:])
	}
	return proof.VerifyInclusion(rfc6962.DefaultHasher, read.Index, checkpoint.Size, c.Leaf, path, checkpoint.Hash)
}

// sign makes a note with a private key of the project: it must be the note that the project made.
func sign(c testCase) error {
	signer, err := note.NewSigner(strings.TrimSpace(c.Key))
	if err != nil {
		return err
	}
	made, err := note.Sign(&note.Note{Text: c.Text}, signer)
	if err != nil {
		return err
	}
	if !bytes.Equal(made, c.Note) {
		return errors.New("two notes of one text")
	}
	return nil
}

func same(made, given []tlog.Hash) error {
	if len(made) != len(given) {
		return errors.New("another proof")
	}
	for n := range made {
		if made[n] != given[n] {
			return errors.New("another proof")
		}
	}
	return nil
}

func hash(content []byte) (found tlog.Hash, err error) {
	if len(content) != tlog.HashSize {
		return found, errors.New("not a hash")
	}
	copy(found[:], content)
	return found, nil
}

func hashes(contents [][]byte) ([]tlog.Hash, error) {
	found := []tlog.Hash{}
	for _, content := range contents {
		each, err := hash(content)
		if err != nil {
			return nil, err
		}
		found = append(found, each)
	}
	return found, nil
}

func (r *remote) check(c testCase) error {
	switch c.Kind {
	case "checkpoint":
		return r.open()
	case "tiles":
		return r.tiles(c)
	case "record":
		return r.record(c)
	case "consistency":
		return r.consistent(c)
	case "included":
		return included(c)
	case "grown":
		return grown(c)
	case "file":
		return r.proofFile(c)
	case "sign":
		return sign(c)
	}
	return fmt.Errorf("no such case: %q", c.Kind)
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: golog HOST:PORT[/PREFIX] VERIFIER-KEY < cases.jsonl")
		os.Exit(2)
	}
	host, prefix, _ := strings.Cut(os.Args[1], "/")
	if prefix != "" {
		prefix += "/"
	}
	log := &remote{host: host, path: prefix, key: os.Args[2]}
	cases, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	cases.DisallowUnknownFields()
	for {
		var c testCase
		if err := cases.Decode(&c); err == io.EOF {
			return
		} else if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		said := answer{OK: true}
		if err := log.check(c); err != nil {
			said = answer{Why: err.Error()}
		}
		if err := answers.Encode(said); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
}
