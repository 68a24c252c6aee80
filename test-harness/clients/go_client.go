// Go's net/http. The target is h2 (HTTP/2 offered) or h1. Arguments and output: common.py.
package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	if err := send(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func send(target, url, form string, lines []string) error {
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		ForceAttemptHTTP2: target == "h2",
	}
	client := http.Client{Transport: transport, Timeout: 10 * time.Second}
	method, body := http.MethodGet, io.Reader(nil)
	if form != "" {
		method, body = http.MethodPost, strings.NewReader(form)
	}
	request, err := http.NewRequest(method, url, body)
	if err != nil {
		return err
	}
	if form != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Set(name, value)
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	protocol := answer.Proto
	if answer.ProtoMajor == 2 {
		protocol = "HTTP/2"
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"status": answer.StatusCode, "protocol": protocol, "body": string(text),
	})
}
