//! What a function may return instead of its result: simple values of its return type.

use syn::{GenericArgument, PathArguments, ReturnType, Type, TypeParamBound};

/// A function has at most this many values; tuples of tuples would have hundreds.
const VALUES_MAX: usize = 8;

/// Expressions for a return type, in a fixed order. Not all of them compile.
pub fn of_return(output: &ReturnType) -> Vec<String> {
    match output {
        ReturnType::Default => vec!["()".to_owned()],
        ReturnType::Type(_, ty) => {
            let mut values = of_type(ty);
            values.truncate(VALUES_MAX);
            values
        }
    }
}

/// Whether a function returns an iterator without naming its type, and does not promise its length.
pub fn is_iterator(output: &ReturnType) -> bool {
    let ReturnType::Type(_, ty) = output else { return false };
    let Type::ImplTrait(traits) = &**ty else { return false };
    let ends = |bound: &TypeParamBound, end: &str| match bound {
        TypeParamBound::Trait(bound) => {
            bound.path.segments.last().is_some_and(|last| last.ident.to_string().ends_with(end))
        }
        _ => false,
    };
    let any = |end| traits.bounds.iter().any(|bound| ends(bound, end));
    any("Iterator") && !any("ExactSizeIterator")
}

fn of_type(ty: &Type) -> Vec<String> {
    match ty {
        Type::Paren(inner) => of_type(&inner.elem),
        Type::Group(inner) => of_type(&inner.elem),
        Type::Tuple(tuple) => product(tuple.elems.iter())
            .into_iter()
            .map(|parts| match parts.len() {
                1 => format!("({},)", parts[0]),
                _ => format!("({})", parts.join(", ")),
            })
            .collect(),
        Type::Array(array) => wrapped(&of_type(&array.elem), "std::array::from_fn(|_| ", ")"),
        Type::Reference(reference) => of_reference(&reference.elem, reference.mutability.is_some()),
        Type::Path(path) => of_path(path),
        _ => Vec::new(),
    }
}

fn of_reference(inner: &Type, mutable: bool) -> Vec<String> {
    match inner {
        Type::Path(path) if path.path.is_ident("str") && !mutable => {
            vec!["\"\"".to_owned(), "\"xyzzy\"".to_owned()]
        }
        Type::Slice(slice) => {
            let one = of_type(&slice.elem).into_iter();
            std::iter::once("Vec::leak(Vec::new())".to_owned())
                .chain(one.map(|value| format!("Vec::leak(vec![{value}])")))
                .collect()
        }
        _ => wrapped(&of_type(inner), "Box::leak(Box::new(", "))"),
    }
}

fn of_path(path: &syn::TypePath) -> Vec<String> {
    let Some(last) = path.path.segments.last() else { return Vec::new() };
    let name = last.ident.to_string();
    let inner = arguments(&last.arguments);
    let first = || inner.first().map(|ty| of_type(ty)).unwrap_or_default();
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    match name.as_str() {
        "bool" => texts(&["true", "false"]),
        "String" => texts(&["String::new()", "\"xyzzy\".to_owned()"]),
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => texts(&["0", "1"]),
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => texts(&["0", "1", "-1"]),
        "f32" | "f64" => texts(&["0.0", "1.0", "-1.0"]),
        "Result" if inner.is_empty() => texts(&["Ok(Default::default())"]),
        "Result" => wrapped(&first(), "Ok(", ")"),
        "Option" => [texts(&["None"]), wrapped(&first(), "Some(", ")")].concat(),
        "Vec" => [texts(&["Vec::new()"]), wrapped(&first(), "vec![", "]")].concat(),
        "Box" | "Rc" | "Arc" | "Cell" | "RefCell" | "Mutex" => {
            wrapped(&first(), &format!("{name}::new("), ")")
        }
        "Cow" => texts(&["\"\".into()", "\"xyzzy\".into()"]),
        "BTreeSet" | "HashSet" | "VecDeque" | "BinaryHeap" => {
            [texts(&["Default::default()"]), wrapped(&first(), "FromIterator::from_iter([", "])")]
                .concat()
        }
        "BTreeMap" | "HashMap" => {
            let pairs = product(inner.iter().copied());
            let pairs: Vec<String> = pairs.iter().map(|pair| pair.join(", ")).collect();
            let one = wrapped(&pairs, "FromIterator::from_iter([(", ")])");
            [texts(&["Default::default()"]), one].concat()
        }
        _ => texts(&["Default::default()"]),
    }
}

fn arguments(arguments: &PathArguments) -> Vec<&Type> {
    let PathArguments::AngleBracketed(list) = arguments else { return Vec::new() };
    let types = list.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

fn wrapped(values: &[String], before: &str, after: &str) -> Vec<String> {
    values.iter().map(|value| format!("{before}{value}{after}")).collect()
}

/// Every combination of the values of some types.
fn product<'a>(types: impl Iterator<Item = &'a Type>) -> Vec<Vec<String>> {
    let mut out = vec![Vec::new()];
    for ty in types {
        let values = of_type(ty);
        out = out
            .iter()
            .flat_map(|head| {
                values.iter().map(move |value| [head.clone(), vec![value.clone()]].concat())
            })
            .take(VALUES_MAX)
            .collect();
    }
    out
}
