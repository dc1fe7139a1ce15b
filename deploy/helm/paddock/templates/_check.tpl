{{- /* What the schema cannot say: values that exclude each other. */ -}}
{{- define "paddock.check" -}}
{{- $postgresql := eq .Values.database.kind "postgresql" -}}
{{- if and (not $postgresql) (gt (int .Values.service.replicas) 1) -}}
{{- fail "service.replicas: several replicas need database.kind postgresql; one SQLite file is for one service" -}}
{{- end -}}
{{- if and (not $postgresql) .Values.service.autoscaling.enabled -}}
{{- fail "service.autoscaling: several replicas need database.kind postgresql; one SQLite file is for one service" -}}
{{- end -}}
{{- if and (not $postgresql) (eq .Values.service.strategy "RollingUpdate") -}}
{{- fail "service.strategy: RollingUpdate needs database.kind postgresql; two services must never open one SQLite file" -}}
{{- end -}}
{{- if and $postgresql (not .Values.database.url.secret) -}}
{{- fail "database.url.secret: name the Secret that holds PostgreSQL's URL" -}}
{{- end -}}
{{- if and (eq .Values.mode "istio") (has "*" .Values.hosts) -}}
{{- fail "hosts: Istio needs the names that clients call, such as llm.example.com" -}}
{{- end -}}
{{- if and (eq .Values.mode "envoy") (not (semverCompare ">=1.35.0-0" .Capabilities.KubeVersion.Version)) -}}
{{- fail "mode envoy mounts the filter's image as a volume, which Kubernetes does from 1.35 on" -}}
{{- end -}}
{{- end -}}
