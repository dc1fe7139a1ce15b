{{- /* What the EnvoyFilter changes in the bootstrap, which a pod reads when it starts. */ -}}
{{- define "paddock.istioBootstrap" -}}
{{- $config := include "paddock.envoy" . | fromYaml -}}
{{- dict "stats_config" $config.stats_config "overload_manager" $config.overload_manager | toYaml -}}
{{- end -}}

{{- /* The filter, fetched by Istio's agent and given to Envoy by ECDS. */ -}}
{{- define "paddock.istioFilter" -}}
{{- $filter := .filter -}}
{{- $image := printf "oci://%s" (include "paddock.image" (dict "root" .root "image" .root.Values.filter.image)) -}}
{{- $remote := dict "http_uri" (dict "uri" $image "timeout" "30s") -}}
{{- $_ := set $filter.typed_config.config.vm_config "code" (dict "remote" $remote) -}}
{{- $filter | toYaml -}}
{{- end -}}

{{- /* In the place of a filter that comes by ECDS. */ -}}
{{- define "paddock.istioDiscovered" -}}
name: {{ .name }}
config_discovery:
  config_source: {ads: {}, resource_api_version: V3, initial_fetch_timeout: 0s}
  type_urls: [{{ index .typed_config "@type" }}]
{{- end -}}
