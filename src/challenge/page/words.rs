//! The page's own texts.

use crate::policy::config::texts::Word;

/// The texts of one language, each once.
pub(super) type Words = [(Word, &'static str)];

/// The languages that the page has by itself. The first is spoken where no other is asked for.
pub(super) const LANGUAGES: [(&str, &Words); 10] = [
    ("en", &ENGLISH),
    ("de", &GERMAN),
    ("fr", &FRENCH),
    ("es", &SPANISH),
    ("pt", &PORTUGUESE),
    ("it", &ITALIAN),
    ("nl", &DUTCH),
    ("pl", &POLISH),
    ("ja", &JAPANESE),
    ("zh", &CHINESE),
];

const ENGLISH: [(Word, &str); 17] = [
    (Word::Title, "One moment"),
    (
        Word::Intro,
        "Before this page opens, the site checks that a web browser is asking for it.",
    ),
    (
        Word::Checking,
        "Checking. This takes a few seconds; you do not have to do anything.",
    ),
    (Word::Progress, "Progress of the check"),
    (Word::Done, "Done. The page is opening."),
    (
        Word::Sent,
        "Done. What you sent has not been processed. You are being taken back, so that you can send it again.",
    ),
    (Word::Back, "Go back now"),
    (
        Word::Failed,
        "The check did not succeed. Please try again. If it keeps failing, allow cookies for this site.",
    ),
    (
        Word::Busy,
        "Too many attempts. Please wait a few minutes, then try again.",
    ),
    (Word::Retry, "Try again"),
    (
        Word::Cookies,
        "The check needs cookies. Please allow them for this site, then try again.",
    ),
    (
        Word::Script,
        "The check needs JavaScript. Please turn it on for this site, then load the page again.",
    ),
    (
        Word::Wait,
        "JavaScript is turned off. You do not have to do anything: the page goes on by itself after {seconds} seconds.",
    ),
    (Word::Contact, "Get help"),
    (Word::Reference, "Reference:"),
    (
        Word::Insecure,
        "This page can only be opened over a secure connection (https).",
    ),
    (Word::Secure, "Open it securely"),
];

const GERMAN: [(Word, &str); 17] = [
    (Word::Title, "Einen Moment"),
    (
        Word::Intro,
        "Bevor sich diese Seite öffnet, wird geprüft, ob ein Webbrowser sie anfordert.",
    ),
    (
        Word::Checking,
        "Die Prüfung läuft. Sie dauert einige Sekunden; Sie müssen nichts tun.",
    ),
    (Word::Progress, "Fortschritt der Prüfung"),
    (Word::Done, "Fertig. Die Seite wird geöffnet."),
    (
        Word::Sent,
        "Fertig. Was Sie abgeschickt haben, wurde nicht verarbeitet. Sie werden zurückgebracht, damit Sie es noch einmal abschicken können.",
    ),
    (Word::Back, "Jetzt zurück"),
    (
        Word::Failed,
        "Die Prüfung ist fehlgeschlagen. Bitte versuchen Sie es noch einmal. Wenn es wieder nicht gelingt, erlauben Sie Cookies für diese Website.",
    ),
    (
        Word::Busy,
        "Zu viele Versuche. Bitte warten Sie einige Minuten und versuchen Sie es dann noch einmal.",
    ),
    (Word::Retry, "Noch einmal versuchen"),
    (
        Word::Cookies,
        "Die Prüfung braucht Cookies. Bitte erlauben Sie sie für diese Website und versuchen Sie es dann noch einmal.",
    ),
    (
        Word::Script,
        "Die Prüfung braucht JavaScript. Bitte schalten Sie es für diese Website ein und laden Sie die Seite neu.",
    ),
    (
        Word::Wait,
        "JavaScript ist ausgeschaltet. Sie müssen nichts tun: Nach {seconds} Sekunden geht es von selbst weiter.",
    ),
    (Word::Contact, "Hilfe"),
    (Word::Reference, "Referenz:"),
    (
        Word::Insecure,
        "Diese Seite lässt sich nur über eine sichere Verbindung (https) öffnen.",
    ),
    (Word::Secure, "Sicher öffnen"),
];

const FRENCH: [(Word, &str); 17] = [
    (Word::Title, "Un instant"),
    (
        Word::Intro,
        "Avant d’ouvrir cette page, le site vérifie que la demande vient d’un navigateur web.",
    ),
    (
        Word::Checking,
        "Vérification en cours. Cela prend quelques secondes ; vous n’avez rien à faire.",
    ),
    (Word::Progress, "Progression de la vérification"),
    (Word::Done, "Terminé. La page s’ouvre."),
    (
        Word::Sent,
        "Terminé. Ce que vous avez envoyé n’a pas été traité. Vous allez revenir à la page précédente pour pouvoir l’envoyer de nouveau.",
    ),
    (Word::Back, "Revenir maintenant"),
    (
        Word::Failed,
        "La vérification a échoué. Veuillez réessayer. Si elle échoue encore, autorisez les cookies pour ce site.",
    ),
    (
        Word::Busy,
        "Trop de tentatives. Veuillez patienter quelques minutes, puis réessayer.",
    ),
    (Word::Retry, "Réessayer"),
    (
        Word::Cookies,
        "La vérification nécessite des cookies. Veuillez les autoriser pour ce site, puis réessayer.",
    ),
    (
        Word::Script,
        "La vérification nécessite JavaScript. Veuillez l’activer pour ce site, puis recharger la page.",
    ),
    (
        Word::Wait,
        "JavaScript est désactivé. Vous n’avez rien à faire : la page continuera d’elle-même après {seconds} secondes.",
    ),
    (Word::Contact, "Obtenir de l’aide"),
    (Word::Reference, "Référence :"),
    (
        Word::Insecure,
        "Cette page ne peut être ouverte que par une connexion sécurisée (https).",
    ),
    (Word::Secure, "L’ouvrir de façon sécurisée"),
];

const SPANISH: [(Word, &str); 17] = [
    (Word::Title, "Un momento"),
    (
        Word::Intro,
        "Antes de abrir esta página, el sitio comprueba que la solicita un navegador web.",
    ),
    (
        Word::Checking,
        "Comprobando. Tardará unos segundos; no tiene que hacer nada.",
    ),
    (Word::Progress, "Progreso de la comprobación"),
    (Word::Done, "Listo. Se está abriendo la página."),
    (
        Word::Sent,
        "Listo. Lo que envió no se ha procesado. Volverá a la página anterior para que pueda enviarlo de nuevo.",
    ),
    (Word::Back, "Volver ahora"),
    (
        Word::Failed,
        "La comprobación ha fallado. Inténtelo de nuevo. Si sigue fallando, permita las cookies de este sitio.",
    ),
    (
        Word::Busy,
        "Demasiados intentos. Espere unos minutos y vuelva a intentarlo.",
    ),
    (Word::Retry, "Intentar de nuevo"),
    (
        Word::Cookies,
        "La comprobación necesita cookies. Permítalas para este sitio y vuelva a intentarlo.",
    ),
    (
        Word::Script,
        "La comprobación necesita JavaScript. Actívelo para este sitio y vuelva a cargar la página.",
    ),
    (
        Word::Wait,
        "JavaScript está desactivado. No tiene que hacer nada: la página continuará por sí sola después de {seconds} segundos.",
    ),
    (Word::Contact, "Obtener ayuda"),
    (Word::Reference, "Referencia:"),
    (
        Word::Insecure,
        "Esta página solo se puede abrir mediante una conexión segura (https).",
    ),
    (Word::Secure, "Abrirla de forma segura"),
];

const PORTUGUESE: [(Word, &str); 17] = [
    (Word::Title, "Um momento"),
    (
        Word::Intro,
        "Antes de abrir esta página, o site verifica se é um navegador web que a solicita.",
    ),
    (
        Word::Checking,
        "Verificando. Isso leva alguns segundos; você não precisa fazer nada.",
    ),
    (Word::Progress, "Progresso da verificação"),
    (Word::Done, "Pronto. A página está abrindo."),
    (
        Word::Sent,
        "Pronto. O que você enviou não foi processado. Você voltará à página anterior para poder enviar de novo.",
    ),
    (Word::Back, "Voltar agora"),
    (
        Word::Failed,
        "A verificação falhou. Tente novamente. Se continuar falhando, permita cookies para este site.",
    ),
    (
        Word::Busy,
        "Tentativas demais. Aguarde alguns minutos e tente novamente.",
    ),
    (Word::Retry, "Tentar novamente"),
    (
        Word::Cookies,
        "A verificação precisa de cookies. Permita-os para este site e tente novamente.",
    ),
    (
        Word::Script,
        "A verificação precisa de JavaScript. Ative-o para este site e recarregue a página.",
    ),
    (
        Word::Wait,
        "O JavaScript está desativado. Você não precisa fazer nada: a página continuará sozinha após {seconds} segundos.",
    ),
    (Word::Contact, "Obter ajuda"),
    (Word::Reference, "Referência:"),
    (
        Word::Insecure,
        "Esta página só pode ser aberta por uma conexão segura (https).",
    ),
    (Word::Secure, "Abrir com segurança"),
];

const ITALIAN: [(Word, &str); 17] = [
    (Word::Title, "Un momento"),
    (
        Word::Intro,
        "Prima di aprire questa pagina, il sito verifica che a richiederla sia un browser web.",
    ),
    (
        Word::Checking,
        "Verifica in corso. Ci vorrà qualche secondo; non deve fare nulla.",
    ),
    (Word::Progress, "Avanzamento della verifica"),
    (Word::Done, "Fatto. La pagina si sta aprendo."),
    (
        Word::Sent,
        "Fatto. Ciò che ha inviato non è stato elaborato. Tornerà alla pagina precedente, così potrà inviarlo di nuovo.",
    ),
    (Word::Back, "Torna indietro ora"),
    (
        Word::Failed,
        "La verifica non è riuscita. Riprovi. Se continua a non riuscire, consenta i cookie per questo sito.",
    ),
    (Word::Busy, "Troppi tentativi. Attenda qualche minuto, poi riprovi."),
    (Word::Retry, "Riprova"),
    (
        Word::Cookies,
        "La verifica richiede i cookie. Li consenta per questo sito, poi riprovi.",
    ),
    (
        Word::Script,
        "La verifica richiede JavaScript. Lo attivi per questo sito, poi ricarichi la pagina.",
    ),
    (
        Word::Wait,
        "JavaScript è disattivato. Non deve fare nulla: la pagina proseguirà da sola dopo {seconds} secondi.",
    ),
    (Word::Contact, "Assistenza"),
    (Word::Reference, "Riferimento:"),
    (
        Word::Insecure,
        "Questa pagina si può aprire solo con una connessione sicura (https).",
    ),
    (Word::Secure, "Apri in modo sicuro"),
];

const DUTCH: [(Word, &str); 17] = [
    (Word::Title, "Een ogenblik"),
    (
        Word::Intro,
        "Voordat deze pagina opent, controleert de site of een webbrowser erom vraagt.",
    ),
    (
        Word::Checking,
        "Bezig met controleren. Dit duurt enkele seconden; u hoeft niets te doen.",
    ),
    (Word::Progress, "Voortgang van de controle"),
    (Word::Done, "Klaar. De pagina wordt geopend."),
    (
        Word::Sent,
        "Klaar. Wat u hebt verstuurd, is niet verwerkt. U gaat terug naar de vorige pagina, zodat u het opnieuw kunt versturen.",
    ),
    (Word::Back, "Nu teruggaan"),
    (
        Word::Failed,
        "De controle is mislukt. Probeer het opnieuw. Lukt het weer niet, sta dan cookies toe voor deze site.",
    ),
    (
        Word::Busy,
        "Te veel pogingen. Wacht enkele minuten en probeer het dan opnieuw.",
    ),
    (Word::Retry, "Opnieuw proberen"),
    (
        Word::Cookies,
        "Voor de controle zijn cookies nodig. Sta ze toe voor deze site en probeer het opnieuw.",
    ),
    (
        Word::Script,
        "Voor de controle is JavaScript nodig. Zet het aan voor deze site en laad de pagina opnieuw.",
    ),
    (
        Word::Wait,
        "JavaScript staat uit. U hoeft niets te doen: de pagina gaat na {seconds} seconden vanzelf verder.",
    ),
    (Word::Contact, "Hulp"),
    (Word::Reference, "Referentie:"),
    (
        Word::Insecure,
        "Deze pagina kan alleen via een beveiligde verbinding (https) worden geopend.",
    ),
    (Word::Secure, "Beveiligd openen"),
];

const POLISH: [(Word, &str); 17] = [
    (Word::Title, "Chwileczkę"),
    (
        Word::Intro,
        "Zanim strona się otworzy, witryna sprawdza, czy prosi o nią przeglądarka internetowa.",
    ),
    (
        Word::Checking,
        "Trwa sprawdzanie. Potrwa kilka sekund; nie trzeba nic robić.",
    ),
    (Word::Progress, "Postęp sprawdzania"),
    (Word::Done, "Gotowe. Strona się otwiera."),
    (
        Word::Sent,
        "Gotowe. Wysłane dane nie zostały przetworzone. Za chwilę nastąpi powrót do poprzedniej strony, aby można było wysłać je ponownie.",
    ),
    (Word::Back, "Wróć teraz"),
    (
        Word::Failed,
        "Sprawdzanie nie powiodło się. Spróbuj ponownie. Jeśli błąd się powtarza, zezwól tej witrynie na pliki cookie.",
    ),
    (Word::Busy, "Zbyt wiele prób. Odczekaj kilka minut i spróbuj ponownie."),
    (Word::Retry, "Spróbuj ponownie"),
    (
        Word::Cookies,
        "Sprawdzanie wymaga plików cookie. Zezwól na nie tej witrynie i spróbuj ponownie.",
    ),
    (
        Word::Script,
        "Sprawdzanie wymaga JavaScriptu. Włącz go dla tej witryny i wczytaj stronę ponownie.",
    ),
    (
        Word::Wait,
        "JavaScript jest wyłączony. Nie trzeba nic robić: po {seconds} s strona sama przejdzie dalej.",
    ),
    (Word::Contact, "Pomoc"),
    (Word::Reference, "Identyfikator:"),
    (
        Word::Insecure,
        "Tę stronę można otworzyć tylko przez bezpieczne połączenie (https).",
    ),
    (Word::Secure, "Otwórz bezpiecznie"),
];

const JAPANESE: [(Word, &str); 17] = [
    (Word::Title, "少々お待ちください"),
    (
        Word::Intro,
        "このページを開く前に、ウェブブラウザーからのアクセスかどうかを確認しています。",
    ),
    (
        Word::Checking,
        "確認しています。数秒かかりますが、操作は必要ありません。",
    ),
    (Word::Progress, "確認の進み具合"),
    (Word::Done, "確認が終わりました。ページを開いています。"),
    (
        Word::Sent,
        "確認が終わりました。送信された内容は処理されていません。もう一度送信できるよう、前のページに戻ります。",
    ),
    (Word::Back, "今すぐ戻る"),
    (
        Word::Failed,
        "確認できませんでした。もう一度お試しください。繰り返し失敗する場合は、このサイトの Cookie を許可してください。",
    ),
    (
        Word::Busy,
        "試行回数が多すぎます。数分待ってから、もう一度お試しください。",
    ),
    (Word::Retry, "もう一度試す"),
    (
        Word::Cookies,
        "確認には Cookie が必要です。このサイトの Cookie を許可してから、もう一度お試しください。",
    ),
    (
        Word::Script,
        "確認には JavaScript が必要です。このサイトで有効にしてから、ページを再読み込みしてください。",
    ),
    (
        Word::Wait,
        "JavaScript が無効になっています。操作は必要ありません。{seconds} 秒後に自動的に次へ進みます。",
    ),
    (Word::Contact, "ヘルプ"),
    (Word::Reference, "照会番号："),
    (
        Word::Insecure,
        "このページは安全な接続（https）でのみ開くことができます。",
    ),
    (Word::Secure, "安全な接続で開く"),
];

const CHINESE: [(Word, &str); 17] = [
    (Word::Title, "请稍候"),
    (Word::Intro, "打开此页面之前，网站会确认访问来自网页浏览器。"),
    (Word::Checking, "正在检查。只需几秒钟，您无需进行任何操作。"),
    (Word::Progress, "检查进度"),
    (Word::Done, "检查完成，正在打开页面。"),
    (
        Word::Sent,
        "检查完成。您提交的内容尚未处理。即将返回上一页，以便您重新提交。",
    ),
    (Word::Back, "立即返回"),
    (
        Word::Failed,
        "检查未成功，请重试。如果仍然失败，请允许此网站使用 Cookie。",
    ),
    (Word::Busy, "尝试次数过多。请等待几分钟后重试。"),
    (Word::Retry, "重试"),
    (
        Word::Cookies,
        "检查需要使用 Cookie。请允许此网站使用 Cookie，然后重试。",
    ),
    (
        Word::Script,
        "检查需要使用 JavaScript。请为此网站启用 JavaScript，然后重新加载页面。",
    ),
    (
        Word::Wait,
        "JavaScript 已停用。您无需进行任何操作，页面将在 {seconds} 秒后自动继续。",
    ),
    (Word::Contact, "获取帮助"),
    (Word::Reference, "参考编号："),
    (Word::Insecure, "此页面只能通过安全连接（https）打开。"),
    (Word::Secure, "以安全方式打开"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_text_once_and_the_seconds_where_they_belong() {
        for (tag, words) in LANGUAGES {
            for ((name, word), (found, text)) in Word::ALL.iter().zip(words) {
                assert_eq!(word, found, "{tag}: {name}");
                assert!((1..=300).contains(&text.chars().count()), "{tag}: {name}");
                assert_eq!(text.contains("{seconds}"), *word == Word::Wait, "{tag}: {name}");
            }
        }
    }
}
