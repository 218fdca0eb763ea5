// Command kustomize-schema prints what a kustomization file may hold, as Kustomize's own Go types say it: a JSON list of
// kinds, each with an OpenAPI v3 schema.
//
// Kustomize reads its file with encoding/json, so the rules of encoding/json decide what is a field and what it takes. A
// type that reads itself would follow rules of its own, which reflection cannot see: then this program fails rather than
// guess.
package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
)

// kind is one kind of file that Kustomize reads.
type kind struct {
	APIVersion string  `json:"apiVersion"`
	Kind       string  `json:"kind"`
	Schema     *schema `json:"schema"`
}

// schema is an OpenAPI v3 schema, as far as Go's types need it.
type schema struct {
	Type       string     `json:"type,omitempty"`
	Format     string     `json:"format,omitempty"`
	Items      *schema    `json:"items,omitempty"`
	Properties properties `json:"properties,omitempty"`
	Values     *schema    `json:"additionalProperties,omitempty"`
	FreeForm   bool       `json:"x-kubernetes-preserve-unknown-fields,omitempty"`
	ReplacedBy string     `json:"x-kustomize-replaced-by,omitempty"`
}

// property is a named field; properties keep the order in which Go declares them.
type (
	property struct {
		name   string
		schema *schema
	}
	properties []property
)

// MarshalJSON writes an object whose keys stand in the list's order.
func (list properties) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	for index, one := range list {
		separator := ","
		if index == 0 {
			separator = "{"
		}
		value, err := json.Marshal(one.schema)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "%s%q:%s", separator, one.name, value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

var (
	readers = []reflect.Type{
		reflect.TypeFor[json.Unmarshaler](),
		reflect.TypeFor[encoding.TextUnmarshaler](),
	}
	replacement = regexp.MustCompile(`'(\w+)' is deprecated\. Please use '(\w+)' instead`)
)

// read returns the schema of what encoding/json takes for a type.
func read(one reflect.Type, within []reflect.Type) (*schema, error) {
	for _, reader := range readers {
		if one.Implements(reader) || reflect.PointerTo(one).Implements(reader) {
			return nil, fmt.Errorf("%s reads itself (%s); what it takes has to be written down here", one, reader)
		}
	}
	switch one.Kind() {
	case reflect.Pointer:
		return read(one.Elem(), within)
	case reflect.String:
		return &schema{Type: "string"}, nil
	case reflect.Bool:
		return &schema{Type: "boolean"}, nil
	case reflect.Int, reflect.Int64:
		return &schema{Type: "integer", Format: "int64"}, nil
	case reflect.Int32:
		return &schema{Type: "integer", Format: "int32"}, nil
	case reflect.Interface:
		return &schema{FreeForm: true}, nil
	case reflect.Slice:
		items, err := read(one.Elem(), within)
		return &schema{Type: "array", Items: items}, err
	case reflect.Map:
		if one.Key().Kind() != reflect.String {
			return nil, fmt.Errorf("%s has keys that are no strings", one)
		}
		if one.Elem().Kind() == reflect.Interface {
			return &schema{Type: "object", FreeForm: true}, nil
		}
		values, err := read(one.Elem(), within)
		return &schema{Type: "object", Values: values}, err
	case reflect.Struct:
		if slices.Contains(within, one) {
			return nil, fmt.Errorf("%s holds itself", one)
		}
		return readStruct(one, append(within, one))
	default:
		return nil, fmt.Errorf("%s is of a Go kind that no schema stands for here", one)
	}
}

// readStruct returns the schema of a struct: its fields, and those of what is embedded without a name of its own.
func readStruct(one reflect.Type, within []reflect.Type) (*schema, error) {
	found := &schema{Type: "object"}
	depths := map[string]int{}
	for _, field := range reflect.VisibleFields(one) {
		name, named := fieldName(field)
		switch {
		case name == "-" || !field.IsExported():
			continue
		case field.Anonymous && !named:
			continue // its fields are visible themselves
		case !flattened(one, field.Index):
			continue // it belongs to an embedded struct that has a name of its own
		}
		if slices.Contains(strings.Split(field.Tag.Get("json"), ",")[1:], "string") {
			return nil, fmt.Errorf("%s.%s is a value in quotes, which no schema stands for here", one, field.Name)
		}
		depth, known := depths[name]
		if known && depth <= len(field.Index) {
			return nil, fmt.Errorf("%s has the field %s twice", one, name)
		}
		depths[name] = len(field.Index)
		inner, err := read(field.Type, within)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", one, field.Name, err)
		}
		found.Properties = append(found.Properties, property{name, inner})
	}
	if len(found.Properties) == 0 {
		return nil, fmt.Errorf("%s has no fields", one)
	}
	return found, nil
}

// fieldName returns the name of a field in JSON, and whether its tag says it.
func fieldName(field reflect.StructField) (name string, named bool) {
	tag := field.Tag.Get("json")
	if tag == "-" {
		return "-", true
	}
	name, _, _ = strings.Cut(tag, ",")
	if name == "" {
		return field.Name, false
	}
	return name, true
}

// flattened says whether every struct on the way to a field is embedded without a name of its own.
func flattened(one reflect.Type, index []int) bool {
	for depth := 1; depth < len(index); depth++ {
		if _, named := fieldName(one.FieldByIndex(index[:depth])); named {
			return false
		}
	}
	return true
}

// markReplaced notes of each field that Kustomize warns of which one replaces it, by letting Kustomize warn.
func markReplaced(of *schema) error {
	probe := reflect.New(reflect.TypeFor[types.Kustomization]()).Elem()
	for _, field := range reflect.VisibleFields(probe.Type()) {
		value := probe.FieldByIndex(field.Index)
		switch field.Type.Kind() {
		case reflect.Slice:
			value.Set(reflect.MakeSlice(field.Type, 0, 0))
		case reflect.Map:
			value.Set(reflect.MakeMap(field.Type))
		}
	}
	kustomization := probe.Interface().(types.Kustomization)
	for _, warning := range *kustomization.CheckDeprecatedFields() {
		words := replacement.FindStringSubmatch(warning)
		if words == nil {
			return fmt.Errorf("the warning %q names no field and none instead of it", warning)
		}
		for _, one := range of.Properties {
			if one.name == words[1] {
				one.schema.ReplacedBy = words[2]
			}
		}
	}
	return nil
}

func run() error {
	kustomization, err := read(reflect.TypeFor[types.Kustomization](), nil)
	if err != nil {
		return err
	}
	if err := markReplaced(kustomization); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode([]kind{
		{types.KustomizationVersion, types.KustomizationKind, kustomization},
		{types.ComponentVersion, types.ComponentKind, kustomization},
	})
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "kustomize-schema:", err)
		os.Exit(1)
	}
}
