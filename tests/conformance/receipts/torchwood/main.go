// Torchwood holds proofs against other people's software: filippo.io/torchwood.
//
//	torchwood < cases.jsonl
//
// Each line of its input is a case: a C2SP tlog-proof, the leaf hash that it is said to prove, and the policy: which
// log and which witnesses have to have signed. Each line of its output says whether it holds: {"ok": true} or
// {"ok": false, "why": "…"}. What a proof, a policy and a cosignature are, that library says.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

type testCase struct {
	Policy string `json:"policy"`
	Leaf   []byte `json:"leaf"`
	Proof  []byte `json:"proof"`
}

type answer struct {
	OK  bool   `json:"ok"`
	Why string `json:"why,omitempty"`
}

func check(c testCase) error {
	if len(c.Leaf) != tlog.HashSize {
		return fmt.Errorf("a leaf hash has %d bytes", tlog.HashSize)
	}
	policy, err := torchwood.ParsePolicy([]byte(c.Policy))
	if err != nil {
		return err
	}
	return torchwood.VerifyProof(policy, tlog.Hash(c.Leaf), c.Proof)
}

func main() {
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
		if err := check(c); err != nil {
			said = answer{Why: err.Error()}
		}
		if err := answers.Encode(said); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
}
