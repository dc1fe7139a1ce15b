{{- /* The file that the chart's own Envoy starts with, in mode envoy. */ -}}
{{- define "paddock.bootstrap" -}}
{{- $config := include "paddock.envoy" . | fromYaml -}}
{{- $listener := index $config.static_resources.listeners 0 -}}
{{- $_ := set $listener.address.socket_address "address" "0.0.0.0" -}}
{{- $chain := index $listener.filter_chains 0 -}}
{{- $http := (index $chain.filters 0).typed_config -}}
{{- $_ := set (index $http.route_config.virtual_hosts 0) "domains" (include "paddock.domains" . | fromYamlArray) -}}
{{- $filters := $http.http_filters -}}
{{- range $config.static_resources.clusters -}}
{{- $protocol := index .typed_extension_protocol_options "envoy.extensions.upstreams.http.v3.HttpProtocolOptions" -}}
{{- $filters = concat $filters ($protocol.http_filters | default list) -}}
{{- end -}}
{{- range $filters -}}
{{- if hasSuffix ".wasm.v3.Wasm" (index .typed_config "@type") -}}
{{- $_ := set .typed_config.config.vm_config "code" (dict "local" (dict "filename" "/etc/paddock/filter/plugin.wasm")) -}}
{{- end -}}
{{- end -}}
{{- if .Values.gateway.tlsSecret -}}
{{- $_ := set $chain "transport_socket" (include "paddock.downstreamTls" . | fromYaml) -}}
{{- end -}}
{{- $resources := $config.static_resources -}}
{{- $_ := set $resources "listeners" (append $resources.listeners (include "paddock.metricsListener" . | fromYaml)) -}}
{{- $_ := set $resources "clusters" (append $resources.clusters (include "paddock.adminCluster" $config.admin.address | fromYaml)) -}}
{{- $config | toYaml -}}
{{- end -}}

{{- /* Each host as it is, and with any port. */ -}}
{{- define "paddock.domains" -}}
{{- $domains := list -}}
{{- range .Values.hosts -}}
{{- $domains = append $domains . -}}
{{- if ne . "*" -}}
{{- $domains = append $domains (printf "%s:*" .) -}}
{{- end -}}
{{- end -}}
{{- $domains | toYaml -}}
{{- end -}}

{{- define "paddock.downstreamTls" -}}
name: envoy.transport_sockets.tls
typed_config:
  "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
  common_tls_context:
    alpn_protocols: [h2, http/1.1]
    tls_certificates:
    - certificate_chain: {filename: /etc/paddock/tls/tls.crt}
      private_key: {filename: /etc/paddock/tls/tls.key}
      watched_directory: {path: /etc/paddock/tls}
{{- end -}}

{{- /* Of the admin interface only what probes and Prometheus need is to be had from outside the pod. */ -}}
{{- define "paddock.metricsListener" -}}
name: metrics
address: {socket_address: {address: 0.0.0.0, port_value: 9902}}
filter_chains:
- filters:
  - name: envoy.filters.network.http_connection_manager
    typed_config:
      "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
      stat_prefix: metrics
      route_config:
        name: metrics
        virtual_hosts:
        - name: metrics
          domains: ["*"]
          routes:
          - {match: {path: /ready, headers: [{name: ":method", string_match: {exact: GET}}]}, route: {cluster: admin}}
          - {match: {path: /stats/prometheus, headers: [{name: ":method", string_match: {exact: GET}}]}, route: {cluster: admin}}
      http_filters:
      - name: envoy.filters.http.router
        typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
{{- end -}}

{{- define "paddock.adminCluster" -}}
name: admin
type: STATIC
load_assignment:
  cluster_name: admin
  endpoints:
  - lb_endpoints:
    - endpoint: {address: {{ toJson . }}}
{{- end -}}
