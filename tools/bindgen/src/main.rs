//! `bindgen <module.wasm> <folder>`: writes `index.js` (the glue) and `index_bg.wasm` into the folder.

use std::{env, process::ExitCode};

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [input, out_dir] = args.as_slice() else {
        eprintln!("usage: bindgen <module.wasm> <folder>");
        return ExitCode::from(2);
    };
    let result = Bindgen::new()
        .input_path(input)
        .out_name("index")
        .module(true)
        .map(|bindgen| {
            bindgen
                .typescript(false)
                .reset_state_function(true)
                .force_enable_abort_handler(true)
        })
        .and_then(|bindgen| bindgen.generate(out_dir));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bindgen: {error:#}");
            ExitCode::FAILURE
        }
    }
}
