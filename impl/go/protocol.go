// SPDX-License-Identifier: MIT
package main

import (
	"bufio"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// request is a line of docs/worker-protocol.md: a verb and words name=value. What is not there is 0.
type request struct {
	verb  string
	words map[string]string
}

func parse(text string) (*request, error) {
	words := strings.Split(text, " ")
	parsed := &request{words[0], map[string]string{}}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		plain, err := url.PathUnescape(value)
		if err != nil {
			return nil, err
		}
		parsed.words[name] = plain
	}
	return parsed, nil
}

func (r *request) number(name string) uint64 {
	value, _ := strconv.ParseUint(r.words[name], 10, 64)
	return value
}

func (r *request) param(name string) uint64 { return r.number("param." + name) }

func (r *request) descriptor(name string) int { return int(r.number(name)) }

type outcome map[string]uint64

func (o outcome) String() string {
	text := "ran"
	for name, value := range o {
		text += fmt.Sprintf(" %s=%d", name, value)
	}
	return text
}

func answer(text string) {
	if _, err := os.Stdout.WriteString(text + "\n"); err != nil {
		os.Exit(1) // the harness is gone
	}
}

// cell is what lives from make to stop.
type cell struct {
	lines   *bufio.Scanner
	maker   maker
	session session
	probe   *probe
}

// look has the harness look at this process while the run stands still.
func (c *cell) look() {
	answer("look")
	if !c.lines.Scan() {
		os.Exit(1)
	}
}

func (c *cell) make(asked *request) (err error) {
	runtime.GOMAXPROCS(int(asked.number("workers"))) // threads that run Go code
	if c.probe, err = newProbe(asked, c.look); err != nil {
		return err
	}
	c.session, err = c.maker(asked)
	return err
}

func (c *cell) obey(text string) (string, error) {
	asked, err := parse(text)
	if err != nil {
		return "", err
	}
	switch asked.verb {
	case "make":
		return "made", c.make(asked)
	case "run":
		found, err := c.session.run(c.probe)
		return found.String(), err
	case "stop":
		c.session.close()
		return "stopped", c.probe.close()
	}
	return "", fmt.Errorf("there is no request '%s'", asked.verb)
}

func converse(maker maker) {
	this := &cell{lines: bufio.NewScanner(os.Stdin), maker: maker}
	answer("ready protocol=1")
	for this.lines.Scan() {
		if text, err := this.obey(this.lines.Text()); err != nil {
			answer("failed " + strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			answer(text)
		}
	}
}
