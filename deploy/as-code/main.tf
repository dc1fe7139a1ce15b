# Applies a file when it has changed. There is no provider for Paddock: Terraform knows neither what is there nor
# how to delete it.
terraform {
  required_version = ">= 1.4"
}

variable "paddock_url" {
  type = string
}

variable "paddock_admin_key" {
  type      = string
  sensitive = true
}

variable "file" {
  type    = string
  default = "paddock.yaml"
}

resource "terraform_data" "paddock" {
  triggers_replace = [filesha256(var.file), var.paddock_url]

  provisioner "local-exec" {
    command = "paddock apply -f \"$PADDOCK_FILE\""
    environment = {
      PADDOCK_FILE      = var.file
      PADDOCK_URL       = var.paddock_url
      PADDOCK_ADMIN_KEY = var.paddock_admin_key
    }
  }
}
