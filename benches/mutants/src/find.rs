//! Finds what can be changed in a file, with the operators of cargo-mutants. Constants, patterns,
//! types, macros and what is compiled only for tests are left alone.

use crate::values;
use anyhow::{Context, Result};
use proc_macro2::Span;
use std::cmp::Reverse;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, BinOp, Expr, Pat, UnOp};

/// How a change is compiled in beside the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An expression: one arm of a `match` for each change, the original in the last.
    Expression,
    /// A function's body: an early return before it.
    Body,
    /// A function's body that is an iterator: it lets nothing through.
    Iterator,
    /// An arm of a `match`: a guard that is false.
    Arm,
}

/// A change at a site.
#[derive(Debug, Clone)]
pub struct Change {
    /// What stands there.
    pub from: String,
    /// What is put there.
    pub to: String,
    /// The Rust expression of it; empty where the kind needs none.
    pub code: String,
}

/// A place in a file with its changes.
#[derive(Debug, Clone)]
pub struct Site {
    /// How they are compiled in.
    pub kind: Kind,
    /// The bytes of the original expression, body or pattern.
    pub range: Range<usize>,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// The function that it stands in, with its type.
    pub function: String,
    /// At least one.
    pub changes: Vec<Change>,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of the source, what encloses others first.
    pub sites: Vec<Site>,
    /// Modules in files of their own.
    pub modules: Vec<String>,
}

/// Reads a file.
pub fn find(source: &str) -> Result<Found> {
    let file = syn::parse_file(source).context("not Rust")?;
    let mut finder = Finder { source, names: Vec::new(), found: Found::default() };
    finder.visit_file(&file);
    finder.found.sites.sort_by_key(|site| (site.range.start, Reverse(site.range.end)));
    Ok(finder.found)
}

struct Finder<'a> {
    source: &'a str,
    names: Vec<String>,
    found: Found,
}

impl Finder<'_> {
    fn text(&self, item: &impl Spanned) -> &str {
        &self.source[item.span().byte_range()]
    }

    fn add(&mut self, kind: Kind, range: Range<usize>, at: Span, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        let (line, column) = (at.start().line, at.start().column + 1);
        let function = self.names.join("::");
        self.found.sites.push(Site { kind, range, line, column, function, changes });
    }

    fn within(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        self.names.push(name);
        visit(self);
        self.names.pop();
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let inside = block.span().byte_range();
        let inside = inside.start + 1..inside.end - 1;
        let body = self.source[inside.clone()].trim().to_owned();
        if body.is_empty() {
            return;
        }
        let output = &signature.output;
        let from = match output {
            syn::ReturnType::Default => "body".to_owned(),
            syn::ReturnType::Type(_, ty) => format!("body -> {}", one_line(self.text(ty))),
        };
        let at = signature.ident.span();
        if values::is_iterator(output) {
            let change = Change { from, to: "std::iter::empty()".to_owned(), code: String::new() };
            self.add(Kind::Iterator, inside, at, vec![change]);
            return;
        }
        let values = values::of_return(output).into_iter().filter(|value| *value != body);
        let changes = values.map(|to| Change { from: from.clone(), code: to.clone(), to });
        self.add(Kind::Body, inside, at, changes.collect());
    }

    fn binary(&mut self, binary: &syn::ExprBinary) {
        let lazy = matches!(binary.op, BinOp::And(_) | BinOp::Or(_));
        if lazy && (has_let(&binary.left) || has_let(&binary.right)) {
            return;
        }
        let from = self.text(&binary.op).to_owned();
        let (left, right) = (self.text(&binary.left), self.text(&binary.right));
        let assigns = from.ends_with('=') && !matches!(from.as_str(), "==" | "!=" | "<=" | ">=");
        let changes = other_operators(&from).iter().map(|&to| Change {
            from: from.clone(),
            to: to.to_owned(),
            code: if assigns {
                format!("{left} {to} {right}")
            } else {
                format!("({left}) {to} ({right})")
            },
        });
        let changes = changes.collect();
        self.add(Kind::Expression, binary.span().byte_range(), binary.op.span(), changes);
    }

    fn guard(&mut self, guard: &Expr) {
        if has_let(guard) {
            return;
        }
        let from = format!("guard {}", one_line(self.text(guard)));
        let changes = ["true", "false"]
            .iter()
            .filter(|value| self.text(guard) != **value)
            .map(|&to| Change { from: from.clone(), to: to.to_owned(), code: to.to_owned() });
        let changes = changes.collect();
        self.add(Kind::Expression, guard.span().byte_range(), guard.span(), changes);
    }

    /// Fields that a struct gets from its base when they are left out.
    fn fields(&mut self, node: &syn::ExprStruct) {
        if node.rest.is_none() {
            return;
        }
        let whole = node.span().byte_range();
        let mut changes = Vec::new();
        for pair in node.fields.pairs() {
            let span = pair.value().span().byte_range();
            let end = pair.punct().map_or(span.end, |comma| comma.span().byte_range().end);
            let (before, after) = (whole.start..span.start, end..whole.end);
            changes.push(Change {
                from: format!("field {}", self.text(&pair.value().member)),
                to: "deleted".to_owned(),
                code: format!("{}{}", &self.source[before], &self.source[after]),
            });
        }
        self.add(Kind::Expression, whole, node.span(), changes);
    }
}

/// What cargo-mutants puts in an operator's place.
fn other_operators(operator: &str) -> &'static [&'static str] {
    match operator {
        "==" => &["!="],
        "!=" => &["=="],
        "&&" => &["||"],
        "||" => &["&&"],
        "<" => &["==", ">", "<="],
        ">" => &["==", "<", ">="],
        "<=" => &[">"],
        ">=" => &["<"],
        "+" => &["-", "*"],
        "-" => &["+", "/"],
        "*" => &["+", "/"],
        "/" => &["%", "*"],
        "%" => &["/", "+"],
        "<<" => &[">>"],
        ">>" => &["<<"],
        "&" => &["|", "^"],
        "|" => &["&", "^"],
        "^" => &["|", "&"],
        "+=" => &["-=", "*="],
        "-=" => &["+=", "/="],
        "*=" => &["+=", "/="],
        "/=" => &["%=", "*="],
        "%=" => &["/=", "+="],
        "<<=" => &[">>="],
        ">>=" => &["<<="],
        "&=" => &["|="],
        "|=" => &["&="],
        "^=" => &["|=", "&="],
        _ => &[],
    }
}

fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(binary) if matches!(binary.op, BinOp::And(_)) => {
            has_let(&binary.left) || has_let(&binary.right)
        }
        _ => false,
    }
}

/// Tests, and what needs a feature that is not on.
fn is_left_out(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute
                    .meta
                    .require_list()
                    .is_ok_and(|list| !list.tokens.to_string().replace(' ', "").starts_with("not("))
    })
}

/// Text on one line, cut short.
fn one_line(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CHARS_MAX) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}
    fn visit_item_macro(&mut self, _: &'ast syn::ItemMacro) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_pat(&mut self, _: &'ast Pat) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}

    fn visit_item_mod(&mut self, node: &'ast syn::ItemMod) {
        if is_left_out(&node.attrs) {
            return;
        }
        match &node.content {
            None => self.found.modules.push(node.ident.to_string()),
            Some(_) => {
                self.within(node.ident.to_string(), |this| visit::visit_item_mod(this, node));
            }
        }
    }

    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        if is_left_out(&node.attrs) || node.sig.constness.is_some() {
            return;
        }
        self.within(node.sig.ident.to_string(), |this| {
            this.function(&node.sig, &node.block);
            visit::visit_item_fn(this, node);
        });
    }

    fn visit_item_impl(&mut self, node: &'ast syn::ItemImpl) {
        let of = node.trait_.as_ref().and_then(|(_, path, _)| path.segments.last());
        // What a value looks like to a programmer is no rule.
        if is_left_out(&node.attrs) || of.is_some_and(|of| of.ident == "Debug") {
            return;
        }
        let name = one_line(self.text(&node.self_ty));
        let name = match of {
            Some(of) => format!("<{name} as {}>", one_line(self.text(of))),
            None => name,
        };
        self.within(name, |this| visit::visit_item_impl(this, node));
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        if is_left_out(&node.attrs) || node.sig.constness.is_some() {
            return;
        }
        self.within(node.sig.ident.to_string(), |this| {
            // The value that stands for a default cannot be replaced by the default.
            if node.sig.ident != "default" {
                this.function(&node.sig, &node.block);
            }
            visit::visit_impl_item_fn(this, node);
        });
    }

    fn visit_item_trait(&mut self, node: &'ast syn::ItemTrait) {
        self.within(node.ident.to_string(), |this| visit::visit_item_trait(this, node));
    }

    fn visit_trait_item_fn(&mut self, node: &'ast syn::TraitItemFn) {
        let Some(block) = &node.default else { return };
        self.within(node.sig.ident.to_string(), |this| {
            this.function(&node.sig, block);
            visit::visit_trait_item_fn(this, node);
        });
    }

    fn visit_local(&mut self, node: &'ast syn::Local) {
        if !is_left_out(&node.attrs) {
            visit::visit_local(self, node);
        }
    }

    fn visit_expr_binary(&mut self, node: &'ast syn::ExprBinary) {
        if !is_left_out(&node.attrs) {
            self.binary(node);
        }
        visit::visit_expr_binary(self, node);
    }

    fn visit_expr_unary(&mut self, node: &'ast syn::ExprUnary) {
        if matches!(node.op, UnOp::Not(_) | UnOp::Neg(_)) {
            let change = Change {
                from: self.text(&node.op).to_owned(),
                to: "deleted".to_owned(),
                code: self.text(&node.expr).to_owned(),
            };
            self.add(Kind::Expression, node.span().byte_range(), node.span(), vec![change]);
        }
        visit::visit_expr_unary(self, node);
    }

    fn visit_expr_match(&mut self, node: &'ast syn::ExprMatch) {
        let wild =
            node.arms.iter().any(|arm| matches!(arm.pat, Pat::Wild(_)) && arm.guard.is_none());
        for arm in node.arms.iter().filter(|arm| !is_left_out(&arm.attrs)) {
            if let Some((_, guard)) = &arm.guard {
                self.guard(guard);
            } else if wild && !matches!(arm.pat, Pat::Wild(_)) {
                let change = Change {
                    from: format!("arm {}", one_line(self.text(&arm.pat))),
                    to: "deleted".to_owned(),
                    code: String::new(),
                };
                let range = arm.pat.span().byte_range();
                self.add(Kind::Arm, range, arm.pat.span(), vec![change]);
            }
        }
        visit::visit_expr_match(self, node);
    }

    fn visit_expr_struct(&mut self, node: &'ast syn::ExprStruct) {
        self.fields(node);
        visit::visit_expr_struct(self, node);
    }

    fn visit_expr_repeat(&mut self, node: &'ast syn::ExprRepeat) {
        // The length is a constant in arrays.
        self.visit_expr(&node.expr);
    }

    fn visit_expr_call(&mut self, node: &'ast syn::ExprCall) {
        // How much memory is asked for ahead shows in no result.
        let name = self.text(&node.func).rsplit("::").next().unwrap_or_default().to_owned();
        if name != "with_capacity" {
            visit::visit_expr_call(self, node);
        }
    }

    fn visit_block(&mut self, node: &'ast syn::Block) {
        for statement in &node.stmts {
            let attributes = match statement {
                syn::Stmt::Expr(expr, _) => attributes_of(expr),
                _ => &[],
            };
            if !is_left_out(attributes) {
                self.visit_stmt(statement);
            }
        }
    }
}

fn attributes_of(expr: &Expr) -> &[Attribute] {
    match expr {
        Expr::If(node) => &node.attrs,
        Expr::Block(node) => &node.attrs,
        Expr::Call(node) => &node.attrs,
        Expr::MethodCall(node) => &node.attrs,
        Expr::Return(node) => &node.attrs,
        Expr::Match(node) => &node.attrs,
        Expr::Assign(node) => &node.attrs,
        _ => &[],
    }
}
