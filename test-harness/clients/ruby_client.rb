# Ruby's net/http. It speaks HTTP/1.1; the target says nothing. Arguments and output: common.py.

require "json"
require "net/http"
require "openssl"

_, url, form, *lines = ARGV
uri = URI(url)
request = (form.empty? ? Net::HTTP::Get : Net::HTTP::Post).new(uri)
lines.each { |line| name, value = line.split(": ", 2); request[name] = value }
unless form.empty?
  request["Content-Type"] = "application/x-www-form-urlencoded"
  request.body = form
end
# The third nil: no proxy of the environment.
http = Net::HTTP.new(uri.host, uri.port, nil)
http.use_ssl = uri.scheme == "https"
http.verify_mode = OpenSSL::SSL::VERIFY_NONE
http.open_timeout = http.read_timeout = 10
answer = http.request(request)
puts JSON.generate(status: answer.code.to_i, protocol: "HTTP/#{answer.http_version}", body: answer.body)
