{{- /*
Envoy's configuration: envoy/envoy.yaml itself (files/envoy.yaml links to it), with the addresses, the
providers and the filter's settings of this installation. All modes take their parts from here.
*/ -}}
{{- define "paddock.envoy" -}}
{{- $config := .Files.Get "files/envoy.yaml" | fromYaml -}}
{{- if not (hasKey $config "static_resources") -}}
{{- fail (printf "files/envoy.yaml cannot be read: %s" $config.Error) -}}
{{- end -}}
{{- $listener := index $config.static_resources.listeners 0 -}}
{{- $http := (index (index $listener.filter_chains 0).filters 0).typed_config -}}

{{- $host := index $http.route_config.virtual_hosts 0 -}}
{{- $routes := list -}}
{{- range $host.routes -}}
{{- $path := .match.path | default .match.path_separated_prefix -}}
{{- if not (has $path $.Values.gateway.withoutPaths) -}}
{{- $routes = append $routes . -}}
{{- end -}}
{{- end -}}
{{- $_ := set $host "routes" $routes -}}

{{- range $http.http_filters -}}
{{- if eq .name "paddock" -}}
{{- $plugin := .typed_config.config.configuration.value | fromJson -}}
{{- $_ := set .typed_config.config.configuration "value" (mustMergeOverwrite $plugin (deepCopy $.Values.filter.config) | toJson) -}}
{{- end -}}
{{- end -}}

{{- if .Values.reconcile.enabled -}}
{{- $log := index $http.access_log 0 -}}
{{- $_ := set $log "name" "envoy.access_loggers.file" -}}
{{- $_ := set $log.typed_config "@type" "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog" -}}
{{- $_ := set $log.typed_config "path" "/var/log/paddock/access.log" -}}
{{- end -}}

{{- range $config.overload_manager.resource_monitors -}}
{{- if hasKey .typed_config "max_heap_size_bytes" -}}
{{- $_ := set .typed_config "max_heap_size_bytes" $.Values.gateway.maxHeapBytes -}}
{{- end -}}
{{- end -}}

{{- $clusters := list -}}
{{- $sample := dict -}}
{{- range $config.static_resources.clusters -}}
{{- if or (eq .name "paddock") (hasPrefix "paddock-" .name) -}}
{{- $address := dict "address" (printf "%s-replicas.%s.svc" (include "paddock.name" $) $.Release.Namespace) "port_value" 10080 -}}
{{- $endpoint := dict "endpoint" (dict "address" (dict "socket_address" $address)) -}}
{{- $_ := set .load_assignment "endpoints" (list (dict "lb_endpoints" (list $endpoint))) -}}
{{- $clusters = append $clusters . -}}
{{- else if eq .name "openai" -}}
{{- $sample = . -}}
{{- end -}}
{{- end -}}
{{- range .Values.providers -}}
{{- $clusters = append $clusters (include "paddock.provider" (dict "sample" $sample "provider" .) | fromYaml) -}}
{{- end -}}
{{- $_ := set $config.static_resources "clusters" $clusters -}}
{{- $config | toYaml -}}
{{- end -}}

{{- /* The cluster of a provider, as the first in envoy/envoy.yaml: {sample, provider}. */ -}}
{{- define "paddock.provider" -}}
{{- $cluster := deepCopy .sample -}}
{{- $provider := .provider -}}
{{- $port := $provider.port | default 443 -}}
{{- $_ := set $cluster "name" $provider.name -}}
{{- $_ := set $cluster "dns_lookup_family" "V4_PREFERRED" -}}
{{- $socket := dict "address" $provider.host "port_value" $port -}}
{{- $endpoint := dict "endpoint" (dict "hostname" $provider.host "address" (dict "socket_address" $socket)) -}}
{{- $_ := set $cluster "load_assignment" (dict "cluster_name" $provider.name "endpoints" (list (dict "lb_endpoints" (list $endpoint)))) -}}
{{- if ne $provider.tls false -}}
{{- $tls := dict
    "@type" "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
    "sni" $provider.host
    "auto_sni_san_validation" true
    "common_tls_context" (dict "validation_context" (dict "trusted_ca" (dict "filename" "/etc/ssl/certs/ca-certificates.crt"))) -}}
{{- $_ := set $cluster "transport_socket" (dict "name" "envoy.transport_sockets.tls" "typed_config" $tls) -}}
{{- end -}}
{{- $protocol := index $cluster.typed_extension_protocol_options "envoy.extensions.upstreams.http.v3.HttpProtocolOptions" -}}
{{- if $provider.secret -}}
{{- $filters := list -}}
{{- range $protocol.http_filters -}}
{{- if ne .name "envoy.filters.http.upstream_codec" -}}
{{- $filters = append $filters . -}}
{{- end -}}
{{- end -}}
{{- $_ := set $protocol "http_filters" (concat $filters (include "paddock.credential" $provider | fromYamlArray)) -}}
{{- end -}}
{{- $cluster | toYaml -}}
{{- end -}}

{{- /* The filters that put a provider's credential on each attempt, as examples/provider-credentials has them. */ -}}
{{- define "paddock.credential" -}}
- name: envoy.filters.http.credential_injector
  typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector
    overwrite: true
    credential:
      name: envoy.http.injected_credentials.generic
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.http.injected_credentials.generic.v3.Generic
        header: {{ .header | default "authorization" }}
        credential:
          name: {{ .name }}
          sds_config:
            initial_fetch_timeout: 5s
            path_config_source:
              path: /etc/paddock/envoy/credential-{{ .name }}.yaml
              watched_directory: {path: /etc/paddock/credentials/{{ .name }}}
- name: envoy.filters.http.upstream_codec
  typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec}
{{- end -}}

{{- /* Which file holds a provider's credential, for Envoy's SDS. */ -}}
{{- define "paddock.credentialFiles" -}}
{{- range .Values.providers }}
{{- if .secret }}
credential-{{ .name }}.yaml: |
  resources:
  - "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
    name: {{ .name }}
    generic_secret:
      secret: {filename: /etc/paddock/credentials/{{ .name }}/credential}
{{- end }}
{{- end }}
{{- end -}}

{{- /* What a gateway's container mounts for it. */ -}}
{{- define "paddock.credentialMounts" -}}
- {name: envoy, mountPath: /etc/paddock/envoy, readOnly: true}
{{- range .Values.providers }}
{{- if .secret }}
- {name: credential-{{ .name }}, mountPath: /etc/paddock/credentials/{{ .name }}, readOnly: true}
{{- end }}
{{- end }}
{{- end -}}

{{- define "paddock.credentialVolumes" -}}
- name: envoy
  configMap: {name: {{ include "paddock.name" . }}-gateway}
{{- range .Values.providers }}
{{- if .secret }}
- name: credential-{{ .name }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    items: [{key: credential, path: credential}]
{{- end }}
{{- end }}
{{- end -}}

{{- define "paddock.gatewayToken" -}}
name: PADDOCK_GATEWAY_TOKEN
valueFrom: {secretKeyRef: {name: {{ include "paddock.secret" . }}, key: gateway-token}}
{{- end -}}

{{- /*
What a gateway that is not the chart's own (Istio's, Envoy Gateway's) keeps of its connection manager: all
else is envoy/envoy.yaml's.
*/ -}}
{{- define "paddock.keepsOfItsOwn" -}}
["@type", "stat_prefix", "codec_type", "route_config", "http_filters", "server_name"]
{{- end -}}
