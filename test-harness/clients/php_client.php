<?php
// PHP's own streams, as file_get_contents uses them. They speak HTTP/1; the target says nothing. Arguments and output: common.py.

[, , $url, $form] = $argv;
$lines = array_slice($argv, 4);
if ($form !== "") {
    $lines[] = "Content-Type: application/x-www-form-urlencoded";
}
$context = stream_context_create([
    "http" => [
        "method" => $form === "" ? "GET" : "POST",
        "header" => $lines,
        "content" => $form,
        "ignore_errors" => true,
        "timeout" => 10,
    ],
    "ssl" => ["verify_peer" => false, "verify_peer_name" => false],
]);
$body = file_get_contents($url, false, $context);
if ($body === false || !preg_match("#^(HTTP/\\S+) (\\d+)#", $http_response_header[0], $line)) {
    exit(1);
}
echo json_encode(["status" => (int) $line[2], "protocol" => $line[1], "body" => $body]), "\n";
