use proptest::{collection::vec, prelude::*};

use super::*;
use crate::tui::Gesture;

/// Bytes and when they come, in milliseconds; what comes out until long after.
fn decode(reads: &[(u64, &[u8])]) -> Vec<Decoded> {
    let zero = Instant::now();
    let mut decoder = Decoder::new(zero);
    let mut out = VecDeque::new();
    for (at, bytes) in reads {
        decoder.feed(bytes, zero + Duration::from_millis(*at), &mut out);
    }
    decoder.expire(zero + Duration::from_secs(3600), &mut out);
    assert_eq!(decoder.deadline(), None, "nothing waits for ever");
    out.into()
}

/// What came out, in words: `ctrl-alt-Char('a')`, a `+` before a repeated key and a `-` before one that went up.
fn words(decoded: &[Decoded]) -> Vec<String> {
    decoded
        .iter()
        .map(|decoded| match decoded {
            Decoded::Input(Input::Key(key)) => {
                let kind = match key.kind {
                    Kind::Press => "",
                    Kind::Repeat => "+",
                    Kind::Release => "-",
                };
                let (ctrl, alt) = (if key.mods.ctrl { "ctrl-" } else { "" }, if key.mods.alt { "alt-" } else { "" });
                match key.code {
                    Code::Char(c) => format!("{kind}{ctrl}{alt}{c}"),
                    code => format!("{kind}{ctrl}{alt}{code:?}"),
                }
            }
            Decoded::Input(Input::Paste(text, _)) => pasted(text),
            Decoded::Input(input) => format!("{input:?}"),
            Decoded::Reply(reply) => format!("{reply:?}"),
        })
        .collect()
}

fn keys(bytes: &[u8]) -> Vec<String> {
    words(&decode(&[(0, bytes)]))
}

#[test]
fn keys_of_every_terminal() {
    for (bytes, expected) in [
        // Characters and control.
        (&b"aR 1"[..], &["a", "R", " ", "1"][..]),
        ("é日🚀".as_bytes(), &["é", "日", "🚀"]),
        (b"\r\t\x7f\x08", &["Enter", "Tab", "Backspace", "Backspace"]),
        (b"\x00\x01\x03\x0a\x1a", &["ctrl- ", "ctrl-a", "ctrl-c", "ctrl-j", "ctrl-z"]),
        (b"\x1c\x1d\x1e\x1f", &["ctrl-\\", "ctrl-]", "ctrl-^", "ctrl-_"]),
        (b"\x1b", &["Esc"]),
        (b"\x1b\x1b", &["Esc", "Esc"]),
        (b"\x1ba\x1bR\x1b\r\x1b\x7f\x1b\x01", &["alt-a", "alt-R", "alt-Enter", "alt-Backspace", "ctrl-alt-a"]),
        ("\x1bé".as_bytes(), &["alt-é"]),
        (b"\x1b[", &["alt-["]),
        (b"\x1bO", &["alt-O"]),
        (b"\x1bP", &["alt-P"]),
        // Arrows and their like: CSI, SS3, with modifiers, of xterm.
        (b"\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F", &["Up", "Down", "Right", "Left", "Home", "End"]),
        (b"\x1bOA\x1bOB\x1bOC\x1bOD\x1bOH\x1bOF", &["Up", "Down", "Right", "Left", "Home", "End"]),
        (b"\x1b[1;2A\x1b[1;3A\x1b[1;5A\x1b[1;7A", &["Up", "alt-Up", "ctrl-Up", "ctrl-alt-Up"]),
        (b"\x1b\x1b[A", &["alt-Up"]),
        (b"\x1bO5A\x1bO1;3B", &["ctrl-Up", "alt-Down"]),
        (b"\x1b[1~\x1b[2~\x1b[3~\x1b[4~\x1b[5~\x1b[6~", &["Home", "Insert", "Delete", "End", "PageUp", "PageDown"]),
        (b"\x1b[3;5~\x1b[7~\x1b[8~", &["ctrl-Delete", "Home", "End"]),
        (b"\x1b[Z", &["BackTab"]),
        // Function keys of xterm, the VT220 and the Linux console.
        (b"\x1bOP\x1bOQ\x1bOR\x1bOS\x1b[15~", &["F(1)", "F(2)", "F(3)", "F(4)", "F(5)"]),
        (b"\x1b[11~\x1b[12~\x1b[13~\x1b[14~", &["F(1)", "F(2)", "F(3)", "F(4)"]),
        (b"\x1b[17~\x1b[18~\x1b[19~\x1b[20~\x1b[21~", &["F(6)", "F(7)", "F(8)", "F(9)", "F(10)"]),
        (b"\x1b[23~\x1b[24~\x1b[24;5~\x1b[34~", &["F(11)", "F(12)", "ctrl-F(12)", "F(20)"]),
        (b"\x1b[1;5P\x1b[P", &["ctrl-F(1)", "F(1)"]),
        (b"\x1b[[A\x1b[[E\x1b[[Z", &["F(1)", "F(5)"]),
        // rxvt.
        (b"\x1b[a\x1bOa\x1b[3$\x1b[3^\x1b[3@", &["Up", "ctrl-Up", "Delete", "ctrl-Delete", "ctrl-Delete"]),
        // The number pad.
        (b"\x1bOM\x1bOj\x1bOk\x1bOp\x1bOy\x1bOX", &["Enter", "*", "+", "0", "9", "="]),
        // xterm's modifyOtherKeys.
        (b"\x1b[27;5;99~\x1b[27;2;9~", &["ctrl-c", "BackTab"]),
        // kitty: modifiers, what happened, alternates, keys without a character.
        (b"\x1b[27u\x1b[27;1:3u", &["Esc", "-Esc"]),
        (b"\x1b[97;5u\x1b[97;5:1u\x1b[97;5:2u\x1b[97;5:3u", &["ctrl-a", "ctrl-a", "+ctrl-a", "-ctrl-a"]),
        (b"\x1b[97;6u\x1b[97:65;6u\x1b[49:33;6u", &["ctrl-A", "ctrl-A", "ctrl-!"]),
        (b"\x1b[1089::99;5u\x1b[1089:1057:99;1u", &["ctrl-c", "с"]),
        (b"\x1b[9;2u\x1b[13;3u\x1b[127u\x1b[99;69u", &["BackTab", "alt-Enter", "Backspace", "ctrl-c"]),
        (b"\x1b[112;9u\x1b[32;5u", &["alt-p", "ctrl- "]),
        (b"\x1b[1;1:3A\x1b[5;1:2~\x1b[1;1:1P", &["-Up", "+PageUp", "F(1)"]),
        (b"\x1b[57399u\x1b[57414u\x1b[57419u\x1b[57376u", &["0", "Enter", "Up", "F(13)"]),
        (b"\x1b[57441;2u\x1b[57358u\x1b[97;1:9u\x1b[8238u", &[]),
        // Focus and mouse.
        (b"\x1b[I\x1b[O", &["Focus(true)", "Focus(false)"]),
        (b"\x1b[<0;1;1m\x1b[<32;5;5M\x1b[<2;1;1M\x1b[<66;1;1M\x1b[<0;0;1M\x1b[<0;1M\x1b[<0;99999;1M", &[]),
    ] {
        assert_eq!(keys(bytes), expected, "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn clicks_and_the_wheel() {
    for (bytes, expected) in [
        (&b"\x1b[<0;12;5M"[..], (Gesture::Click, 11, 4)),
        (b"\x1b[<20;1;1M", (Gesture::Click, 0, 0)),
        (b"\x1b[<64;3;4M", (Gesture::WheelUp, 2, 3)),
        (b"\x1b[<65;300;200M", (Gesture::WheelDown, 299, 199)),
    ] {
        let decoded = decode(&[(0, bytes)]);
        let [Decoded::Input(Input::Mouse(mouse))] = decoded[..] else { panic!("{decoded:?}") };
        assert_eq!((mouse.what, mouse.column, mouse.row), expected);
    }
}

#[test]
fn what_is_no_key_leaves_none() {
    for bytes in [
        // Answers: attributes, cursor, modes, sizes, colours, strings.
        &b"\x1b[?64;1;2;6;22c"[..],
        b"\x1b[>41;366;0c",
        b"\x1b[24;80R",
        b"\x1b[0n",
        b"\x1b[?997;1n",
        b"\x1b[?2026;2$y",
        b"\x1b[4;1$y",
        b"\x1b[8;24;80t",
        b"\x1b[48;24;80;480;800t",
        b"\x1b]11;rgb:0000/0000/0000\x1b\\",
        b"\x1b]11;rgb:0000/0000/0000\x07",
        b"\x1b]52;c;cHB5UgpweXk=\x07",
        b"\x1bP>|xterm(366)\x1b\\",
        b"\x1bP1$r0m\x1b\\",
        b"\x1b_Gi=31;OK\x1b\\",
        b"\x1b]8;;a\x1bpyy\x1b\\",
        // What nobody asked for, or nobody knows.
        b"\x1b[M !!",
        b"\x1b[MpyR",
        b"\x1b[99~",
        b"\x1b[201~",
        b"\x1b[1;2;3;4;5x",
        b"\x1b[35;10;20M",
        b"\x1b[<",
        b"\x1b[12;",
        b"\x1bOz",
        b"\x1b[1\r",
        b"\x1b[99999999999999999999u",
        // Nothing that is text.
        b"\x80\xff\xc0\x80\xc3",
        b"\xe2\x80\xae\xe2\x80\x8b\xc2\x9b",
        b"\xed\xa0\x80\xf4\x90\x80\x80",
    ] {
        assert_eq!(keys(bytes), Vec::<String>::new(), "{:?}", String::from_utf8_lossy(bytes));
        // What comes next is heard, once the terminal has stopped.
        let next = words(&decode(&[(0, bytes), (2000, b"q")]));
        assert_eq!(next, ["q"], "{:?}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(keys(&[b"\x1b[", &b"1;".repeat(1000)[..], b"Aq"].concat()), ["q"]);
    assert_eq!(keys(b"\xc3q"), ["q"]);
}

#[test]
fn a_reply_reaches_whoever_asked() {
    assert_eq!(decode(&[(0, b"\x1b[?0u")]), [Decoded::Reply(Reply::Keyboard(0))]);
    assert_eq!(decode(&[(0, b"\x1b[?15u")]), [Decoded::Reply(Reply::Keyboard(15))]);
    assert_eq!(decode(&[(0, b"\x1b[?u")]), []);
}

#[test]
fn an_esc_waits_for_what_may_follow() {
    let up = ["Up"];
    // Torn by a slow line.
    assert_eq!(words(&decode(&[(0, b"\x1b"), (30, b"[A")])), up);
    assert_eq!(words(&decode(&[(0, b"\x1b"), (30, b"["), (900, b"A")])), up);
    assert_eq!(words(&decode(&[(0, b"\x1b"), (55, b"O"), (500, b"A")])), up);
    assert_eq!(words(&decode(&[(0, b"\x1b[1;"), (500, b"5A")])), ["ctrl-Up"]);
    // Torn so far that the Esc was given out: the rest is still no two letters, of which one may act.
    assert_eq!(words(&decode(&[(0, b"\x1b"), (400, b"[A")])), ["Esc", "Up"]);
    assert_eq!(words(&decode(&[(0, b"\x1b"), (400, b"OR")])), ["Esc", "F(3)"]);
    // A person who types the same takes longer.
    assert_eq!(words(&decode(&[(0, b"\x1b"), (400, b"["), (430, b"A")])), ["Esc", "[", "A"]);
    assert_eq!(words(&decode(&[(0, b"\x1b"), (400, b"O"), (430, b"R")])), ["Esc", "O", "R"]);
    assert_eq!(words(&decode(&[(0, b"\x1b"), (400, b"O")])), ["Esc", "O"]);
    assert_eq!(words(&decode(&[(0, b"\x1b"), (400, b"x[A")])), ["Esc", "x", "[", "A"]);
    assert_eq!(words(&decode(&[(0, b"\x1b"), (9000, b"[A")])), ["Esc", "[", "A"]);
    // An Esc and a key behind it.
    assert_eq!(words(&decode(&[(0, b"\x1b"), (70, b"p")])), ["Esc", "p"]);
    assert_eq!(words(&decode(&[(0, b"\x1b"), (30, b"p")])), ["alt-p"]);
    // A held Esc.
    assert_eq!(words(&decode(&[(0, b"\x1b"), (30, b"\x1b"), (60, b"\x1b")])), ["Esc"; 3]);
    assert_eq!(words(&decode(&[(0, b"\x1b"), (30, b"\x1b"), (60, b"x")])), ["Esc", "alt-x"]);
}

#[test]
fn says_when_an_esc_is_one() {
    let zero = Instant::now();
    let mut decoder = Decoder::new(zero);
    let mut out = VecDeque::new();
    decoder.feed(b"\x1b", zero, &mut out);
    let deadline = decoder.deadline().unwrap();
    assert_eq!(deadline - zero, ESC_ALONE);
    decoder.expire(deadline - Duration::from_millis(1), &mut out);
    assert!(out.is_empty());
    decoder.expire(deadline, &mut out);
    assert_eq!(out, [Decoded::Input(Input::Key(Key::press(Code::Esc, zero)))], "it was pressed when it came");
}

fn pasted(text: &str) -> String {
    format!("paste {text:?}")
}

#[test]
fn pasted_text_comes_in_one_piece() {
    assert_eq!(words(&decode(&[(0, b"\x1b[200~pyyR\r\x1b[201~q")]))[0], pasted("pyyR\n"));
    assert_eq!(words(&decode(&[(0, b"\x1b[200~a\x1b[20"), (900, b"1"), (1800, b"~q")]))[1], "q");
    assert_eq!(words(&decode(&[(0, b"\x1b[200~\x1b[201~")])), [pasted("")]);
    // What looks like its end is none; other sequences are taken apart.
    assert_eq!(words(&decode(&[(0, b"\x1b[200~a\x1b[200~b\x1b\x1b[201~")])), [pasted("a[200~b")]);
    assert_eq!(words(&decode(&[(0, b"\x1b[200~a\x1b[31mb\x07\x00c\xff\xe2\x80\xaed\x1b[201~")])), [pasted("a[31mbcd")]);
    assert_eq!(
        words(&decode(&[(0, b"\x1b[200~one\r\ntwo\rthree\nfour\tfive\x1b[201~")])),
        [pasted("one\ntwo\nthree\nfour\tfive")]
    );
    assert_eq!(words(&decode(&[(0, "\x1b[200~日本".as_bytes()), (5, "語\x1b[201~".as_bytes())])), [pasted("日本語")]);
}

#[test]
fn pasted_text_is_bounded_and_ends() {
    let long = [b"\x1b[200~", "é".repeat(100_000).as_bytes(), b"\x1b[201~q"].concat();
    let decoded = decode(&[(0, &long)]);
    assert_eq!(words(&decoded), [pasted(&"é".repeat(LONGEST_PASTE / 2)), "q".to_owned()]);
    // A line that stalls turns nothing into keys; an end that never comes does not eat keys for ever.
    assert_eq!(words(&decode(&[(0, b"\x1b[200~p"), (4000, b"yy"), (8000, b"R\x1b[201~")])), [pasted("pyyR")]);
    let lost = decode(&[(0, b"\x1b[200~p"), (6000, b"q")]);
    assert_eq!(words(&lost), [pasted("p"), "q".to_owned()]);
}

/// Bytes as terminals send them, and worse.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        &b"\x1b"[..],
        b"[",
        b"O",
        b"\x1b[",
        b"\x1bO",
        b"A",
        b"1;5",
        b"~",
        b"u",
        b"M",
        b"<0;1;1",
        b"\x1b[200~",
        b"\x1b[201~",
        b"\x1b]",
        b"\x07",
        b"\x1b\\",
        b"\x1bP",
        b"\x1b_",
        b"p",
        b"\r",
        b"$",
        b"?",
        b"[[",
        b"\xe2\x80",
        b"\xc3\xa9",
        b"97:65;6:3",
    ]);
    let piece = prop_oneof![4 => known.prop_map(<[u8]>::to_vec), 1 => vec(any::<u8>(), 1..4)];
    vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// However the bytes are split, and whatever they are.
    #[test]
    fn the_split_does_not_matter(bytes in stream(), cuts in vec(0usize..100, 0..20)) {
        let zero = Instant::now();
        let run = |pieces: &[&[u8]]| {
            let mut decoder = Decoder::new(zero);
            let mut out = VecDeque::new();
            for piece in pieces {
                decoder.feed(piece, zero, &mut out);
            }
            decoder.expire(zero + Duration::from_secs(60), &mut out);
            (out, decoder.deadline())
        };
        let whole = run(&[&bytes]);
        prop_assert_eq!(whole.1, None);
        let single = bytes.chunks(1).collect::<Vec<_>>();
        prop_assert_eq!(&run(&single), &whole);
        let mut cuts = cuts.into_iter().filter(|cut| *cut <= bytes.len()).collect::<Vec<_>>();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect::<Vec<_>>();
        prop_assert_eq!(&run(&pieces), &whole);
    }

    /// At any pace: no panic, no memory without bound, nothing that waits for ever.
    #[test]
    fn any_pace(reads in vec((stream(), 0u64..7000), 0..8)) {
        let mut now = Instant::now();
        let mut decoder = Decoder::new(now);
        let mut out = VecDeque::new();
        for (bytes, wait) in reads {
            now += Duration::from_millis(wait);
            decoder.feed(&bytes, now, &mut out);
            prop_assert!(decoder.kept.len() <= LONGEST_PASTE);
            if let Some(deadline) = decoder.deadline() {
                prop_assert!(deadline > now && deadline <= now + PASTE);
                decoder.expire(deadline - Duration::from_nanos(1), &mut out);
                prop_assert_eq!(decoder.deadline(), Some(deadline));
            }
        }
        let unsafe_key = out.iter().any(|decoded| {
            matches!(decoded, Decoded::Input(Input::Key(Key { code: Code::Char(c), .. })) if text::is_unsafe(*c))
        });
        prop_assert!(!unsafe_key);
    }

    #[test]
    fn no_key_comes_out_of_pasted_text(text in vec(any::<u8>(), 0..200), cut in 0usize..220) {
        prop_assume!(!text.windows(PASTE_END.len()).any(|window| window == PASTE_END));
        // What the text ends with must not be the beginning of its end.
        let bytes = [b"\x1b[200~", &text[..], b".\x1b[201~"].concat();
        let (first, second) = bytes.split_at(cut.min(bytes.len()));
        let decoded = decode(&[(0, first), (0, second)]);
        prop_assert!(matches!(&decoded[..], [Decoded::Input(Input::Paste(..))]), "{:?}", decoded);
    }

    #[test]
    fn no_key_comes_out_of_an_answer(
        opener in prop::sample::select(vec![&b"\x1b]"[..], b"\x1bP", b"\x1b_"]),
        text in vec(any::<u8>().prop_filter("no end", |byte| *byte != 7), 0..200),
        cut in 2usize..220,
    ) {
        prop_assume!(!text.windows(2).any(|window| window == b"\x1b\\"));
        let bytes = [opener, &text[..], b".\x1b\\"].concat();
        let (first, second) = bytes.split_at(cut.min(bytes.len()));
        prop_assert_eq!(decode(&[(0, first), (300, second)]), []);
    }
}
